#include "sandbox/box/loader.h"

#include <elf.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/box/imports.h"

enum { SEGMENTS_MAX = 16, PAGE = 4096 };

struct image {
	const char *file; /* private copy */
	size_t size;
	char *base;    /* where it was mapped */
	uint64_t span; /* bytes from base */
	const Elf64_Phdr *segments;
	int segment_count;
	const Elf64_Sym *symbols;
	uint64_t symbol_count;
	const char *strings; /* ends with a NUL */
	uint64_t string_bytes;
	const uint64_t *allowed;
	bool with_arena;
	char *reason;
	size_t reason_bytes;
};

__attribute__((format(printf, 2, 3))) static bool refuse(struct image *m, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(m->reason, m->reason_bytes, format, list);
	va_end(list);
	return false;
}

static bool in_file(const struct image *m, uint64_t offset, uint64_t bytes)
{
	return offset <= m->size && bytes <= m->size - offset;
}

static bool read_file(struct image *m, int fd)
{
	struct stat st;

	if (fstat(fd, &st) || st.st_size < (off_t)sizeof(Elf64_Ehdr) ||
		st.st_size > (off_t)LOADER_FILE_MAX)
		return refuse(m, "the image is not an object of a sane size");
	m->size = (size_t)st.st_size;
	char *copy = mmap(
		NULL, m->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (copy == MAP_FAILED)
		return refuse(m, "no memory for the image");
	m->file = copy;
	if (pread(fd, copy, m->size, 0) != (ssize_t)m->size)
		return refuse(m, "the image cannot be read");
	return true;
}

static bool check_header(struct image *m)
{
	const Elf64_Ehdr *h = (const void *)m->file;

	if (memcmp(h->e_ident, ELFMAG, SELFMAG) || h->e_ident[EI_CLASS] != ELFCLASS64 ||
		h->e_ident[EI_DATA] != ELFDATA2LSB || h->e_type != ET_DYN ||
		h->e_machine != EM_X86_64)
		return refuse(m, "the image is not a shared object for x86-64");
	if (h->e_phentsize != sizeof(Elf64_Phdr) || h->e_phnum > SEGMENTS_MAX || h->e_phoff % 8 ||
		!in_file(m, h->e_phoff, (uint64_t)h->e_phnum * sizeof(Elf64_Phdr)))
		return refuse(m, "the image has too many or misplaced segments");
	m->segments = (const void *)(m->file + h->e_phoff);
	m->segment_count = h->e_phnum;
	return true;
}

static bool check_segment(struct image *m, const Elf64_Phdr *s)
{
	if (s->p_type == PT_TLS)
		return refuse(m, "the image uses thread-local storage");
	if (s->p_type == PT_INTERP)
		return refuse(m, "the image names an interpreter");
	if (s->p_type == PT_GNU_STACK && (s->p_flags & PF_X))
		return refuse(m, "the image wants an executable stack");
	if (s->p_type != PT_LOAD)
		return true;
	if ((s->p_flags & PF_W) && (s->p_flags & PF_X))
		return refuse(m, "the image has memory that is writable and executable");
	if (s->p_vaddr > LOADER_SPAN_MAX || s->p_memsz > LOADER_SPAN_MAX ||
		s->p_filesz > s->p_memsz || !in_file(m, s->p_offset, s->p_filesz))
		return refuse(m, "the image is larger than %u MB or has a misplaced segment",
			LOADER_SPAN_MAX >> 20);
	uint64_t end = (s->p_vaddr + s->p_memsz + PAGE - 1) & ~(uint64_t)(PAGE - 1);
	if (end > LOADER_SPAN_MAX)
		return refuse(m, "the image is larger than %u MB", LOADER_SPAN_MAX >> 20);
	if (end > m->span)
		m->span = end;
	return true;
}

static bool map_segments(struct image *m)
{
	for (int i = 0; i < m->segment_count; i++)
		if (!check_segment(m, &m->segments[i]))
			return false;
	if (!m->span)
		return refuse(m, "the image has nothing to load");
	m->base = mmap(NULL, m->span, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (m->base == MAP_FAILED)
		return refuse(m, "no memory for the image");
	for (int i = 0; i < m->segment_count; i++) {
		const Elf64_Phdr *s = &m->segments[i];
		if (s->p_type == PT_LOAD)
			memcpy(m->base + s->p_vaddr, m->file + s->p_offset, s->p_filesz);
	}
	return true;
}

/* The bytes of the file copy behind an address of the image, or NULL. */
static const void *file_at(const struct image *m, uint64_t address, uint64_t bytes)
{
	for (int i = 0; i < m->segment_count; i++) {
		const Elf64_Phdr *s = &m->segments[i];
		if (s->p_type != PT_LOAD || address < s->p_vaddr ||
			address - s->p_vaddr > s->p_filesz ||
			bytes > s->p_filesz - (address - s->p_vaddr))
			continue;
		const char *at = m->file + s->p_offset + (address - s->p_vaddr);
		return (uintptr_t)at % 8 == 0 ? at : NULL;
	}
	return NULL;
}

struct dynamic {
	uint64_t symbols, strings, string_bytes, hash, rela, rela_bytes, plt, plt_bytes;
};

static bool read_dynamic_entry(struct image *m, struct dynamic *d, const Elf64_Dyn *entry)
{
	uint64_t value = entry->d_un.d_val;

	switch (entry->d_tag) {
	case DT_SYMTAB: d->symbols = value; break;
	case DT_STRTAB: d->strings = value; break;
	case DT_STRSZ: d->string_bytes = value; break;
	case DT_HASH: d->hash = value; break;
	case DT_RELA: d->rela = value; break;
	case DT_RELASZ: d->rela_bytes = value; break;
	case DT_JMPREL: d->plt = value; break;
	case DT_PLTRELSZ: d->plt_bytes = value; break;
	case DT_NEEDED: return refuse(m, "the image needs a library");
	case DT_TEXTREL: return refuse(m, "the image has relocations in its code");
	case DT_REL:
	case 36 /* DT_RELR */: return refuse(m, "the image has relocations of an unknown form");
	default: break; /* DT_INIT and its like are never looked at */
	}
	return true;
}

static bool read_dynamic(struct image *m, struct dynamic *d)
{
	for (int i = 0; i < m->segment_count; i++) {
		const Elf64_Phdr *s = &m->segments[i];
		if (s->p_type != PT_DYNAMIC)
			continue;
		const Elf64_Dyn *entries = s->p_offset % 8 == 0 &&
				in_file(m, s->p_offset, s->p_filesz) ?
			(const void *)(m->file + s->p_offset) :
			NULL;
		if (!entries)
			return refuse(m, "the image has a misplaced dynamic section");
		for (uint64_t k = 0;
			k < s->p_filesz / sizeof *entries && entries[k].d_tag != DT_NULL; k++)
			if (!read_dynamic_entry(m, d, &entries[k]))
				return false;
		return true;
	}
	return refuse(m, "the image has no dynamic section");
}

static bool read_symbols(struct image *m, const struct dynamic *d)
{
	const uint32_t *hash = file_at(m, d->hash, 8);

	if (!hash)
		return refuse(m, "the image has no hash table");
	m->symbol_count = hash[1];
	m->symbols = file_at(m, d->symbols, m->symbol_count * sizeof *m->symbols);
	if (!m->symbols)
		return refuse(m, "the image has a misplaced symbol table");
	/* Texts need no alignment, so their bounds are looked up from the eight-byte step below. */
	uint64_t skew = d->strings % 8;
	const char *strings = file_at(m, d->strings - skew, d->string_bytes + skew);
	if (!strings || !d->string_bytes || d->string_bytes > m->size ||
		strings[skew + d->string_bytes - 1])
		return refuse(m, "the image has a misplaced string table");
	m->strings = strings + skew;
	m->string_bytes = d->string_bytes;
	return true;
}

static const char *symbol_name(const struct image *m, const Elf64_Sym *s)
{
	return s->st_name < m->string_bytes ? m->strings + s->st_name : "";
}

/* The value that a relocation against symbol number index gets. */
static bool resolve(struct image *m, uint64_t index, uint64_t *out)
{
	if (index >= m->symbol_count)
		return refuse(m, "the image has a relocation against no symbol");
	const Elf64_Sym *s = &m->symbols[index];
	if (ELF64_ST_TYPE(s->st_info) == STT_GNU_IFUNC || ELF64_ST_TYPE(s->st_info) == STT_TLS)
		return refuse(m, "the image has a symbol that is resolved by code or thread-local");
	if (s->st_shndx == SHN_UNDEF) {
		void *address = imports_find(symbol_name(m, s), m->allowed, m->with_arena);
		*out = (uint64_t)(uintptr_t)address;
		return address ||
			refuse(m, "the image imports %.64s, which is not allowed",
				symbol_name(m, s));
	}
	if (s->st_shndx >= SHN_LORESERVE || s->st_value > m->span)
		return refuse(m, "the image has a symbol outside of itself");
	*out = (uint64_t)(uintptr_t)m->base + s->st_value;
	return true;
}

static bool relocate_one(struct image *m, const Elf64_Rela *r)
{
	uint64_t value = (uint64_t)(uintptr_t)m->base;

	if (r->r_offset > m->span - 8)
		return refuse(m, "the image has a relocation outside of itself");
	switch (ELF64_R_TYPE(r->r_info)) {
	case R_X86_64_NONE: return true;
	case R_X86_64_RELATIVE: value += (uint64_t)r->r_addend; break;
	case R_X86_64_64:
		if (!resolve(m, ELF64_R_SYM(r->r_info), &value))
			return false;
		value += (uint64_t)r->r_addend;
		break;
	case R_X86_64_GLOB_DAT:
	case R_X86_64_JUMP_SLOT:
		if (!resolve(m, ELF64_R_SYM(r->r_info), &value))
			return false;
		break;
	default:
		return refuse(m, "the image has a relocation of kind %u, which is not allowed",
			(unsigned)ELF64_R_TYPE(r->r_info));
	}
	memcpy(m->base + r->r_offset, &value, sizeof value);
	return true;
}

static bool relocate(struct image *m, uint64_t address, uint64_t bytes)
{
	if (!bytes)
		return true;
	const Elf64_Rela *table = file_at(m, address, bytes);
	if (!table)
		return refuse(m, "the image has a misplaced relocation table");
	for (uint64_t i = 0; i < bytes / sizeof *table; i++)
		if (!relocate_one(m, &table[i]))
			return false;
	return true;
}

static bool protect(struct image *m)
{
	if (mprotect(m->base, m->span, PROT_NONE))
		return refuse(m, "the image cannot be protected");
	for (int i = 0; i < m->segment_count; i++) {
		const Elf64_Phdr *s = &m->segments[i];
		if (s->p_type != PT_LOAD || !s->p_memsz)
			continue;
		uint64_t start = s->p_vaddr & ~(uint64_t)(PAGE - 1);
		uint64_t end = (s->p_vaddr + s->p_memsz + PAGE - 1) & ~(uint64_t)(PAGE - 1);
		int bits = (s->p_flags & PF_R ? PROT_READ : 0) |
			(s->p_flags & PF_W ? PROT_WRITE : 0) | (s->p_flags & PF_X ? PROT_EXEC : 0);
		if (mprotect(m->base + start, end - start, bits))
			return refuse(m, "the image cannot be protected");
	}
	return true;
}

static bool in_code(const struct image *m, uint64_t address)
{
	for (int i = 0; i < m->segment_count; i++) {
		const Elf64_Phdr *s = &m->segments[i];
		if (s->p_type == PT_LOAD && (s->p_flags & PF_X) && address >= s->p_vaddr &&
			address - s->p_vaddr < s->p_memsz)
			return true;
	}
	return false;
}

static void *find_entry(struct image *m, const char *name)
{
	for (uint64_t i = 1; i < m->symbol_count; i++) {
		const Elf64_Sym *s = &m->symbols[i];
		if (s->st_shndx == SHN_UNDEF || ELF64_ST_TYPE(s->st_info) != STT_FUNC ||
			strcmp(symbol_name(m, s), name))
			continue;
		if (s->st_shndx < SHN_LORESERVE && in_code(m, s->st_value))
			return m->base + s->st_value;
	}
	refuse(m, "the image does not define the function %.64s", name);
	return NULL;
}

void *loader_load(int fd, const char *entry, const uint64_t *allowed, bool with_arena, char *reason,
	size_t reason_bytes)
{
	struct image m = { .allowed = allowed,
		.with_arena = with_arena,
		.reason = reason,
		.reason_bytes = reason_bytes };
	struct dynamic d = { 0 };

	if (!read_file(&m, fd) || !check_header(&m) || !map_segments(&m) || !read_dynamic(&m, &d) ||
		!read_symbols(&m, &d) || !relocate(&m, d.rela, d.rela_bytes) ||
		!relocate(&m, d.plt, d.plt_bytes) || !protect(&m))
		return NULL;
	void *address = find_entry(&m, entry);
	munmap((void *)(uintptr_t)m.file, m.size);
	return address;
}
