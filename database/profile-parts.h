/* SPDX-License-Identifier: MIT */
/* What profile.c and past.c share. */
#pragma once

#include "database/db.h"

#include "database/profile.h"

struct profile {
	struct database database;
	struct choice choice;
};
