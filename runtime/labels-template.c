/* SPDX-License-Identifier: MIT */
/*
 * The note of labels that the driver copies for a link (contract/note.h), with the name
 * by which the runtime knows it: nothing brings it out of an archive, for the driver
 * gives the linker an object.
 */
#include "contract/note.h"

#define TEXT(number) TEXT_OF(number)
#define TEXT_OF(number) #number

RHP_NOTE("3", ".globl rhp_labels\n"
	      ".hidden rhp_labels\n"
	      ".type rhp_labels, %object\n"
	      ".size rhp_labels, " TEXT(
		      RHP_LABELS_SIZE) "\n"
				       "rhp_labels: .ascii \"" RHP_LABELS_TEMPLATE "\"\n"
				       ".zero " TEXT(RHP_LABELS_SIZE) " - (. - 1b)");
