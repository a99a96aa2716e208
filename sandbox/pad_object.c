#include "sandbox/pad_object.h"

#include <elf.h>
#include <string.h>

/*
 * GNU ld's script puts .text.unlikely of all inputs first, then .text.exit, .text.startup,
 * .text.hot and .text: padding there moves every kind of code.
 */
static const char names[] = "\0.text.unlikely\0.note.GNU-stack\0.shstrtab";
enum { NAME_CODE = 1, NAME_STACK = 16, NAME_NAMES = 32 };
enum { SECTION_NONE, SECTION_CODE, SECTION_STACK, SECTION_NAMES, SECTION_COUNT };

size_t pad_object_make(char out[PAD_OBJECT_BYTES_MAX], uint32_t bytes)
{
	size_t code_at = sizeof(Elf64_Ehdr), names_at = code_at + bytes;
	size_t sections_at = (names_at + sizeof names + 7) & ~(size_t)7;
	Elf64_Ehdr header = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			EV_CURRENT },
		.e_type = ET_REL,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_shoff = sections_at,
		.e_ehsize = sizeof header,
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = SECTION_COUNT,
		.e_shstrndx = SECTION_NAMES,
	};
	Elf64_Shdr sections[SECTION_COUNT] = {
		[SECTION_CODE] = { .sh_name = NAME_CODE,
			.sh_type = SHT_PROGBITS,
			.sh_flags = SHF_ALLOC | SHF_EXECINSTR,
			.sh_offset = code_at,
			.sh_size = bytes,
			.sh_addralign = PAD_OBJECT_STEP },
		[SECTION_STACK] = { .sh_name = NAME_STACK,
			.sh_type = SHT_PROGBITS,
			.sh_offset = names_at,
			.sh_addralign = 1 },
		[SECTION_NAMES] = { .sh_name = NAME_NAMES,
			.sh_type = SHT_STRTAB,
			.sh_offset = names_at,
			.sh_size = sizeof names,
			.sh_addralign = 1 },
	};

	memset(out, 0, PAD_OBJECT_BYTES_MAX);
	memcpy(out, &header, sizeof header);
	memset(out + code_at, 0xcc, bytes);
	memcpy(out + names_at, names, sizeof names);
	memcpy(out + sections_at, sections, sizeof sections);
	return sections_at + sizeof sections;
}
