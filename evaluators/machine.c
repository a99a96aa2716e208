#include "evaluators/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/fdio.h"
#include "base/json.h"
#include "base/text.h"

#define CPUINFO_MAX (4u << 20)
#define CACHES_MAX 16

/* Extensions that change what a compiler emits for -march=native; the other flags of /proc/cpuinfo
 * say nothing about speed. */
static const char *const isa_names[] = { "sse4_2", "avx", "fma", "f16c", "bmi1", "bmi2", "avx2",
	"adx", "vaes", "gfni", "avx_vnni", "avx512f", "avx512dq", "avx512bw", "avx512vl",
	"avx512cd", "avx512_vnni", "avx512_bf16", "avx512_fp16", "avx512_vpopcntdq", "amx_tile",
	"amx_int8", "amx_bf16" };

/* The first line of a small file, or "unknown". */
static char *first_line(const char *path)
{
	char *text = NULL, *end;
	size_t size;

	if (fdio_read_file(&text, &size, path, 4096, NULL) < 0)
		return text_copy("unknown");
	end = strchr(text, '\n');
	if (end)
		*end = 0;
	return text;
}

/* The value of the first "key : value" line of /proc/cpuinfo. */
static char *cpuinfo_value(const char *cpuinfo, const char *key)
{
	size_t key_size = strlen(key);

	for (const char *line = cpuinfo; line && *line; line = strchr(line, '\n')) {
		const char *colon;

		line += *line == '\n';
		if (strncmp(line, key, key_size) != 0 || !strchr("\t :", line[key_size]))
			continue;
		colon = strchr(line, ':');
		if (!colon)
			break;
		colon += 1 + (colon[1] == ' ');
		return text_copy_n(colon, strcspn(colon, "\n"));
	}
	return text_copy("unknown");
}

static bool has_word(const char *words, const char *word)
{
	size_t size = strlen(word);

	for (const char *at = words; (at = strstr(at, word)) != NULL; at += size) {
		if ((at == words || at[-1] == ' ') && (at[size] == ' ' || at[size] == 0))
			return true;
	}
	return false;
}

static char *isa_text(const char *cpuinfo)
{
	char *flags = cpuinfo_value(cpuinfo, "flags");
	struct buffer out;

	buffer_init(&out, 1024);
	for (size_t i = 0; i < sizeof(isa_names) / sizeof(isa_names[0]); i++) {
		if (has_word(flags, isa_names[i]))
			buffer_format(&out, "%s%s", out.size ? " " : "", isa_names[i]);
	}
	free(flags);
	return buffer_take(&out);
}

static char *cache_field(int index, const char *field)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu0/cache/index%d/%s", index, field);
	return fdio_exists(path) ? first_line(path) : NULL;
}

static char *caches_text(void)
{
	struct buffer out;

	buffer_init(&out, 1024);
	for (int i = 0; i < CACHES_MAX; i++) {
		char *level = cache_field(i, "level"), *type = cache_field(i, "type"),
		     *size = cache_field(i, "size");

		if (level && type && size) {
			const char *letter = text_equal(type, "Data") ? "d"
				: text_equal(type, "Instruction")     ? "i"
								      : "";

			buffer_format(
				&out, "%sL%s%s %s", out.size ? ", " : "", level, letter, size);
		}
		free(level);
		free(type);
		free(size);
	}
	return buffer_take(&out);
}

static void put_owned(cJSON *object, const char *key, char *value)
{
	json_put_text(object, key, value);
	free(value);
}

cJSON *machine_fingerprint(const char *compiler_version)
{
	cJSON *out = cJSON_CreateObject();
	struct utsname name = { 0 };
	char *cpuinfo = NULL;
	size_t size;

	if (fdio_read_file(&cpuinfo, &size, "/proc/cpuinfo", CPUINFO_MAX, NULL) < 0)
		cpuinfo = text_copy("");
	uname(&name);
	put_owned(out, "cpu", cpuinfo_value(cpuinfo, "model name"));
	put_owned(out, "isa", isa_text(cpuinfo));
	put_owned(out, "caches", caches_text());
	json_put_i64(out, "cores", sysconf(_SC_NPROCESSORS_ONLN));
	json_put_text(out, "kernel", name.release);
	put_owned(out, "clocksource",
		first_line("/sys/devices/system/clocksource/clocksource0/current_clocksource"));
	json_put_text(out, "compiler", compiler_version);
	free(cpuinfo);
	return out;
}

bool machine_same(const cJSON *a, const cJSON *b)
{
	static const char *const keys[] = { "cpu", "isa", "caches", "compiler" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (!text_equal(json_text_or(a, keys[i], NULL), json_text_or(b, keys[i], NULL)))
			return false;
	}
	return true;
}
