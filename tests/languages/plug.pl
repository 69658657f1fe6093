# SPDX-License-Identifier: MIT
use strict;
use DynaLoader;

my $library = DynaLoader::dl_load_file("./Plug.so") or die DynaLoader::dl_error();
my $boot = DynaLoader::dl_find_symbol($library, "boot_Plug");
$Plug::VERSION = 1;
DynaLoader::dl_install_xsub("Plug::boot", $boot)->("Plug");
Plug::work();
