// SPDX-License-Identifier: MIT
#include "symbols/split-file.h"

/* The first section of code; false if there is none. */
static bool find_code(Elf *elf, GElf_Shdr *header)
{
	Elf_Scn *section = NULL;

	while ((section = elf_nextscn(elf, section)))
		if (gelf_getshdr(section, header) && (header->sh_flags & SHF_ALLOC) &&
		    (header->sh_flags & SHF_EXECINSTR))
			return true;
	return false;
}

static void look_at(struct split_file *file, Dwfl_Module *module, Elf *elf)
{
	GElf_Shdr here, there;
	Elf *main = dwfl_module_getelf(module, &file->bias);

	file->elf = elf;
	file->fits = main && elf && main != elf && find_code(main, &here) &&
		     find_code(elf, &there) && here.sh_addr == there.sh_addr &&
		     here.sh_size == there.sh_size;
}

GElf_Addr split_file_bias(struct split_file *file, Dwfl_Module *module, Elf *elf,
			  GElf_Addr bias)
{
	if (elf != file->elf)
		look_at(file, module, elf);
	return file->fits ? file->bias : bias;
}

GElf_Addr split_file_address(struct split_file *file, Dwfl_Module *module, Elf *elf,
			     const GElf_Sym *symbol, GElf_Addr address)
{
	if (elf != file->elf)
		look_at(file, module, elf);
	return file->fits ? symbol->st_value + file->bias : address;
}
