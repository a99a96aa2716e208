#include "sandbox/box/object_size.h"

#include <elf.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static bool add_sections(uint64_t *code, uint64_t *data, const char *file, uint64_t size)
{
	const Elf64_Ehdr *h = (const void *)file;

	if (size < sizeof *h || memcmp(h->e_ident, ELFMAG, SELFMAG) ||
		h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_type != ET_REL ||
		h->e_shentsize != sizeof(Elf64_Shdr) || h->e_shoff % 8 || h->e_shoff > size ||
		h->e_shnum > (size - h->e_shoff) / sizeof(Elf64_Shdr))
		return false;
	const Elf64_Shdr *section = (const void *)(file + h->e_shoff);
	for (unsigned i = 0; i < h->e_shnum; i++, section++) {
		if (!(section->sh_flags & SHF_ALLOC) || section->sh_type == SHT_NOTE ||
			section->sh_type == SHT_X86_64_UNWIND)
			continue;
		if (__builtin_add_overflow(section->sh_flags & SHF_EXECINSTR ? *code : *data,
			    section->sh_size, section->sh_flags & SHF_EXECINSTR ? code : data))
			return false;
	}
	return true;
}

bool object_size_add(uint64_t *code, uint64_t *data, const char *path)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	bool ok = false;

	if (fd < 0)
		return false;
	if (!fstat(fd, &st) && st.st_size > 0) {
		char *file = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		ok = file != MAP_FAILED && add_sections(code, data, file, (uint64_t)st.st_size);
		if (file != MAP_FAILED)
			munmap(file, (size_t)st.st_size);
	}
	close(fd);
	return ok;
}
