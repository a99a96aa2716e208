# The build of Clade. `make help` lists the targets; `make test` and `make demo` install what is missing.
#
#   folder/*.c, folder/*.S ──> $(O)/folder/*.o ──> $(BUILD)/libclade.a ─┬─ orchestrator/main.o ──> $(BUILD)/clade
#   sandbox/box/*.c ──> $(BUILD)/box (static) ── embedded by box_embed.S ┘└─ tests/*/test_*.c ──> $(BUILD)/tests/
#   evaluators/problems/NAME/evaluator.c ──> $(BUILD)/problems/NAME.so, against $(BUILD)/include/clade/ alone
#
# BUILD stays one level below the root: `clade` finds the problems' folders relative to its own file.

CC      := $(if $(filter default,$(origin CC)),gcc,$(CC))
BUILD   ?= build
PREFIX  ?= /usr/local
DESTDIR ?=
JOBS    ?= $(shell nproc)
O       := $(BUILD)/obj
# The shipped evaluators are built for the machine that builds them; packagers set PROBLEM_ARCH= (nothing).
PROBLEM_ARCH ?= -march=native

FOLDERS   := base archive sandbox mutators evaluators orchestrator
LIBRARIES := libuv sqlite3 libgit2 libcjson libxxhash libseccomp yaml-0.1 tree-sitter cminpack libzstd
SUITES    := unit service escape cheat fault
GRAMMAR   := node_modules/tree-sitter-c

# ---- what there is ----
SOURCES  := $(wildcard $(FOLDERS:%=%/*.c))
EMBEDS   := $(wildcard $(FOLDERS:%=%/*.S))
EMBEDDED := $(shell find sandbox/include -type f 2>/dev/null)
BOX      := $(wildcard sandbox/box/*.c)
PROBLEMS := $(patsubst evaluators/problems/%/evaluator.c,%,$(wildcard evaluators/problems/*/evaluator.c))
TESTS    := $(patsubst %.c,$(BUILD)/%,$(wildcard $(SUITES:%=tests/%/test_*.c)))
SUPPORT  := $(wildcard tests/support/*.c)
BENCHES  := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/bench/bench_*.c))
LOCK     := $(wildcard package-lock.json)

MAIN    := $(patsubst %.c,$(O)/%.o,$(filter orchestrator/main.c,$(SOURCES)))
MEMBERS := $(patsubst %.c,$(O)/%.o,$(filter-out orchestrator/main.c,$(SOURCES))) \
           $(EMBEDS:%.S=$(O)/%.o) $(if $(LOCK),$(O)/grammar.o)
OURS    := $(SOURCES:%.c=$(O)/%.o) $(EMBEDS:%.S=$(O)/%.o) $(BOX:%.c=$(O)/%.o)
PUBLIC  := $(BUILD)/include/clade/evaluator.h $(BUILD)/include/clade/clade_adapter.h

# ---- how it is compiled ----
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Werror
BASIC    := -std=c17 -D_GNU_SOURCE $(WARNINGS) -O2 -g -fno-omit-frame-pointer
# The box program is static and stays without sanitizers: their run time calls what the box's filter forbids.
comma    := ,
SANITIZE ?=
SANFLAGS := $(if $(SANITIZE),-fsanitize=address$(comma)undefined -fno-sanitize-recover=undefined)
override CFLAGS  += $(BASIC) $(SANFLAGS) -I. $(shell pkg-config --cflags $(LIBRARIES) 2>/dev/null)
override LDFLAGS += $(SANFLAGS) -Wl,--as-needed
LIBS     := $(shell pkg-config --libs $(LIBRARIES) 2>/dev/null) -lm -lpthread -ldl
DEPFILES  = -MMD -MP -MF $(@:%.o=%).d

# V=1 prints the commands themselves.
say = @$(if $(V),:,printf '  %-7s %s\n' $(1) $@)
Q  := $(if $(V),,@)

.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:
.PHONY: all clade problems headers tests benches deps demo test check asan bench bench-full \
        install clean help run-tests objects

## all         build/clade, build/problems/*.so and build/include/clade/*.h (the default)
all: clade problems headers
clade: $(if $(MAIN),$(BUILD)/clade)
problems: $(PROBLEMS:%=$(BUILD)/problems/%.so)
headers: $(PUBLIC)
objects: $(OURS)
tests: $(TESTS)
benches: $(BENCHES)

$(BUILD)/clade: $(MAIN) $(BUILD)/libclade.a
	$(call say,LINK)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/libclade.a: $(MEMBERS)
	@mkdir -p $(@D) && rm -f $@
	$(call say,AR)
	$(Q)ar rcs $@ $^

$(O)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CFLAGS) $(DEPFILES) -c -o $@ $<

$(O)/%.o: %.S Makefile
	@mkdir -p $(@D)
	$(call say,AS)
	$(Q)$(CC) -DBOX_PATH='"$(BUILD)/box"' -I. $(DEPFILES) -c -o $@ $<

# The assembler's .incbin leaves no dependency file behind, so what is embedded is named here.
$(EMBEDS:%.S=$(O)/%.o): $(EMBEDDED) $(if $(BOX),$(BUILD)/box)

$(O)/sandbox/box/%.o: sandbox/box/%.c Makefile
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(BASIC) -I. $(DEPFILES) -c -o $@ $<

$(BUILD)/box: $(BOX:%.c=$(O)/%.o)
	$(call say,LINK)
	$(Q)$(CC) -static -s -o $@ $^ -lm

# Generated code: it keeps its own warnings. npm verifies the archive against the lock file's hash.
$(O)/grammar.o: node_modules/.installed
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) -std=c11 -O2 -w -I$(GRAMMAR)/src -c -o $@ $(GRAMMAR)/src/parser.c

node_modules/.installed: $(LOCK)
	npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

# ---- evaluators: what an evaluator outside the tree may use, and nothing more ----
$(BUILD)/include/clade/evaluator.h: evaluators/evaluator.h
	@mkdir -p $(@D)
	$(call say,COPY)
	$(Q)cp $< $@
$(BUILD)/include/clade/clade_adapter.h: evaluators/clade_adapter.h
	@mkdir -p $(@D)
	$(call say,COPY)
	$(Q)cp $< $@

$(BUILD)/problems/%.so: evaluators/problems/%/evaluator.c Makefile $(PUBLIC)
	@mkdir -p $(@D)
	$(call say,PLUGIN)
	$(Q)$(CC) $(BASIC) $(SANFLAGS) -O3 $(PROBLEM_ARCH) -fPIC -shared -I$(BUILD)/include -MMD -MP -MF $@.d -o $@ $< -lm

# ---- tests and benches ----
$(BUILD)/tests/bench/%: tests/bench/%.c $(BUILD)/libclade.a Makefile
	@mkdir -p $(@D)
	$(call say,TEST)
	$(Q)$(CC) $(CFLAGS) -MMD -MP -MF $@.d $(LDFLAGS) -o $@ $< $(BUILD)/libclade.a $(LIBS)

$(BUILD)/tests/%: tests/%.c $(SUPPORT:%.c=$(O)/%.o) $(BUILD)/libclade.a Makefile
	@mkdir -p $(@D)
	$(call say,TEST)
	$(Q)$(CC) $(CFLAGS) -MMD -MP -MF $@.d $(LDFLAGS) -o $@ $< $(SUPPORT:%.c=$(O)/%.o) \
		$(BUILD)/libclade.a $(LIBS) -lcmocka

run-tests: all tests
	tests/run --build $(BUILD)

# ---- what people call ----
## deps        install what is missing of tools and libraries (Debian, Ubuntu), or name it (elsewhere)
deps:
	scripts/deps all

## demo        install what is missing, build, and evolve real problems in about four minutes
demo:
	scripts/deps build
	$(MAKE) --no-print-directory -j$(JOBS) all
	scripts/demo

## test        install what is missing, build, and run every test; the last line counts them
test:
	scripts/deps test
	$(MAKE) --no-print-directory -j$(JOBS) all tests
	@tests/run --build $(BUILD)

## check       the quick loop: both compilers, the unit tests and the rules of the house
check:
	scripts/deps all
	$(MAKE) --no-print-directory -j$(JOBS) all objects tests
	$(MAKE) --no-print-directory -j$(JOBS) BUILD=build-clang CC=clang all objects tests
	scripts/check-all $(O)
	@tests/run --build $(BUILD) unit

## asan        all tests with the address and undefined-behaviour sanitizers, in the real sandbox
asan:
	scripts/deps test
	$(MAKE) --no-print-directory -j$(JOBS) BUILD=build-asan SANITIZE=1 all tests
	@tests/run --build build-asan --sanitized

## bench       measure: one table on the terminal, raw counts in build/bench/
bench bench-full:
	scripts/deps test
	$(MAKE) --no-print-directory -j$(JOBS) all benches
	scripts/bench $(BUILD) $(if $(filter bench-full,$@),full)
## bench-full  the same with the long rows: a million programs, a thousand kills

## install     into DESTDIR and PREFIX (default /usr/local)
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/clade $(DESTDIR)$(PREFIX)/include/clade
	install -d $(DESTDIR)$(PREFIX)/share/clade/problems $(DESTDIR)$(PREFIX)/share/doc/clade
	install -m 755 $(BUILD)/clade $(DESTDIR)$(PREFIX)/bin/
	install -m 644 $(BUILD)/include/clade/*.h $(DESTDIR)$(PREFIX)/include/clade/
	install -m 644 LICENSE README.md $(DESTDIR)$(PREFIX)/share/doc/clade/
	for p in $(PROBLEMS); do \
		install -m 755 $(BUILD)/problems/$$p.so $(DESTDIR)$(PREFIX)/lib/clade/ && \
		rm -rf $(DESTDIR)$(PREFIX)/share/clade/problems/$$p && \
		cp -r --preserve=timestamps evaluators/problems/$$p $(DESTDIR)$(PREFIX)/share/clade/problems/ || exit 1; \
	done
	chmod -R u=rwX,go=rX $(DESTDIR)$(PREFIX)/share/clade
	if [ -f doc/clade.1 ]; then install -D -m 644 doc/clade.1 $(DESTDIR)$(PREFIX)/share/man/man1/clade.1; fi

## clean       remove what was built (fetched packages stay in node_modules)
clean:
	rm -rf build build-clang build-asan

## help        this list
help:
	@sed -n 's/^## /  make /p' Makefile

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
