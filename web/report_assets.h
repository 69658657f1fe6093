// SPDX-License-Identifier: MIT
//
// What a report page is made of beside its data: texts that web/bundle.py joined. They
// are written to the page byte by byte; its policy names their hashes.
#ifndef RHEAPER_WEB_REPORT_ASSETS_H
#define RHEAPER_WEB_REPORT_ASSETS_H

#include <stdbool.h>
#include <stddef.h>

struct report_asset {
	const unsigned char *bytes;
	size_t size;
	const char *sha256_base64;
};

// The content of the <style> element, of the first <script> that is code (libraries, each
// with its licence) and of the second (ours)
extern const struct report_asset report_asset_style, report_asset_vendor,
	report_asset_script;

// False if rheaper was built without the libraries (tools/vendor): the three are empty
// then
extern const bool report_has_assets;

#endif
