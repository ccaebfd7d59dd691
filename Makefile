# mynah - build, set-up, tests.  `make help` lists the targets.
#
# Each flavour is built in its own folder (build/<flavour>/), so switching needs
# no clean; build/mynah links to the release one.

FLAVOUR ?= release
MODEL   ?= default
ifeq ($(origin CC),default)
CC      := gcc
endif
B       := build/$(FLAVOUR)

# ---- flags --------------------------------------------------------------------
OPT_release := -O2 -g -DNDEBUG
OPT_debug   := -Og -g3
OPT_asan    := -O1 -g -fsanitize=address -fno-omit-frame-pointer
OPT_ubsan   := -O1 -g -fsanitize=undefined -fno-sanitize-recover=undefined
OPT_tsan    := -O1 -g -fsanitize=thread

PACKAGES := openblas portaudio-2.0 ncursesw sndfile soxr libpcre2-8 libutf8proc libcurl libcjson \
            libexif libwebp tesseract lept libcrypto zlib stb md4c sqlite3 chafa
# Looked up once, and only when something is compiled: set-up may install pkg-config first.
# As system headers: what their macros do is not for our warnings.
PKG_CFLAGS = $(eval PKG_CFLAGS := $$(patsubst -I%,-isystem %,$$(shell pkg-config --cflags $(PACKAGES))))$(PKG_CFLAGS)
PKG_LIBS   = $(eval PKG_LIBS := $$(shell pkg-config --libs $(PACKAGES)))$(PKG_LIBS)

WARN   := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes $(if $(WERROR),-Werror)
PLAIN  := -std=c11 -D_GNU_SOURCE -I. $(WARN) -pthread -MMD -MP
CFLAGS = $(PLAIN) $(OPT_$(FLAVOUR)) $(PKG_CFLAGS)
LIBS   = $(PKG_LIBS) -lgomp -lm -pthread

# Only the file of a kernel variant gets its instruction set, and the reference no contraction.
MACHINE := $(firstword $(subst -, ,$(shell $(CC) -dumpmachine 2>/dev/null || uname -m)))
X86     := $(filter x86_64,$(MACHINE))
ARM     := $(filter aarch64,$(MACHINE))
FLAGS_tensor/kernels_ref.c    := -ffp-contract=off
FLAGS_tensor/kernels_avx2.c   := -mavx2 -mfma -mf16c
FLAGS_tensor/kernels_avxvnni.c := -mavxvnni -mavx2 -mfma -mf16c
FLAGS_tensor/kernels_avx512.c := -mavx512f -mavx512bw -mavx512vl -mavx512dq -mavx512vnni -mavx2 -mfma -mf16c
FLAGS_tensor/kernels_neon_dotprod.c := -march=armv8.2-a+dotprod
FLAGS_vision/convnet.c        := -Wno-psabi
FLAGS_vision/stb_image.c      := -w

# Short lines unless V=1.
Q = $(if $(V),,@)
say = @$(if $(V),:,printf '  %-5s %s\n' $(1))

# ---- what is built ---------------------------------------------------------------
# In link order: a folder uses only those to its right (make lint checks the includes).
FOLDERS := ui fusion vision audio text store tensor base
SRC     := $(filter-out $(if $(X86),,tensor/kernels_avx%) $(if $(ARM),,tensor/kernels_neon%),$(foreach f,$(FOLDERS),$(wildcard $(f)/*.c))) assets/embed.S
objects  = $(patsubst %,$(B)/%.o,$(filter $(1)/%,$(SRC)))
LIBRARY := $(foreach f,$(filter-out ui,$(FOLDERS)),$(B)/lib$(f).a)
# Parts of ui that tests link; main.c is the program's alone.
UI_PARTS := $(B)/libui.a
TESTS   := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/test_*.c tests/weights_*.c))
FUZZERS := $(patsubst tests/fuzz/%.c,$(B)/tests/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
BENCHES := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/bench_*.c))
TRAINING := $(patsubst %.c,$(B)/%,$(wildcard training/*.c))

.PHONY: all run setup check test lint asan ubsan tsan fuzz bench bench-json benches-built bench-kernels training quality golden install clean help
.SECONDARY:
.DELETE_ON_ERROR:

all: $(B)/mynah build/mynah
build/mynah: build/release/mynah
	@ln -sfn release/mynah $@
ifneq ($(FLAVOUR),release)
build/release/mynah:
	@$(MAKE) FLAVOUR=release $@
endif

$(B)/mynah: $(B)/ui/main.c.o $(UI_PARTS) $(LIBRARY)
	$(call say,LINK $@)
	$(Q)$(CC) $(OPT_$(FLAVOUR)) -o $@ $^ $(LIBS)
define library_rule
$$(B)/lib$(1).a: $$(filter-out $$(B)/ui/main.c.o,$$(call objects,$(1))) $(if $(filter base,$(1)),$$(B)/assets/embed.S.o)
	@rm -f $$@
	@ar rcs $$@ $$^
endef
$(foreach f,$(FOLDERS),$(eval $(call library_rule,$(f))))

$(B)/%.c.o: %.c
	@mkdir -p $(@D)
	$(call say,CC $<)
	$(Q)$(CC) $(CFLAGS) $(FLAGS_$<) -c -o $@ $<
$(B)/assets/embed.S.o: assets/embed.S $(filter-out assets/embed.S,$(wildcard assets/*.* tools/*.py))
	@mkdir -p $(@D)
	$(Q)$(CC) -I. -c -o $@ $<
$(B)/tests/%: tests/%.c $(wildcard tests/*.h) $(UI_PARTS) $(LIBRARY)
	@mkdir -p $(@D)
	$(call say,TEST $<)
	$(Q)$(CC) $(CFLAGS) -UNDEBUG -MF $@.d -o $@ $< $(UI_PARTS) $(LIBRARY) $(LIBS) -lcmocka
$(B)/training/%: training/%.c $(LIBRARY)
	@mkdir -p $(@D)
	$(call say,LINK $@)
	$(Q)$(CC) $(CFLAGS) -MF $@.d -o $@ $< $(LIBRARY) $(LIBS)

# ---- kernels for other processors --------------------------------------------------
# tests/emulated: all variants in SIMDe's C, where 16-bit sums wrap.  Unrolled and optimised it would take minutes to compile: -Og.
E := $(B)/tests/emulated
$(E)/%.c.o: tensor/%.c
	@mkdir -p $(@D)
	$(call say,SIMDE $<)
	$(Q)$(CC) $(CFLAGS) -Itests/emulated -Wno-psabi -ffp-contract=off -fno-sanitize=signed-integer-overflow -fwrapv -Og -c -o $@ $<
$(B)/tests/test_kernels_emulated: tests/test_kernels.c $(B)/tests/emulated/tables.o $(B)/libtensor.a \
                                  $(patsubst tensor/%,$(E)/%.o,$(wildcard tensor/kernels_avx*.c tensor/kernels_neon*.c))
	$(call say,TEST $@)
	$(Q)$(CC) $(CFLAGS) -UNDEBUG -MF $@.d -o $@ $(filter %.c %.o,$^) $(B)/libtensor.a $(LIBS) -lcmocka
$(E)/tables.o: tests/emulated/tables.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -c -o $@ $<
ifneq ($(wildcard /usr/include/simde/x86/avx512.h),)
TESTS += $(B)/tests/test_kernels_emulated
endif
# tests/aarch64: NEON's under qemu, where a cross compiler is.
ARM_CC := aarch64-linux-gnu-gcc
A      := build/aarch64
$(A)/%.c.o: %.c
	@mkdir -p $(@D)
	$(call say,ARM $<)
	$(Q)$(ARM_CC) $(PLAIN) $(OPT_release) $(FLAGS_$<) -c -o $@ $<
$(A)/libtensor.a: $(patsubst %,$(A)/%.o,$(filter-out tensor/blas.c tensor/kernels_avx%,$(wildcard tensor/*.c)) base/arena.c base/clock.c base/log.c)
	@rm -f $@
	@ar rcs $@ $^
$(A)/test_kernels: tests/test_kernels.c tests/aarch64/cmocka.h $(A)/libtensor.a
	$(call say,TEST $@)
	$(Q)$(ARM_CC) $(PLAIN) $(OPT_release) -UNDEBUG -Itests/aarch64 -static -MF $@.d -o $@ $< $(A)/libtensor.a -lm
ARM_TESTS := $(if $(and $(X86),$(shell command -v $(ARM_CC))),$(A)/test_kernels)
-include $(wildcard $(B)/*/*.d $(B)/tests/*.d $(B)/tests/*/*.d $(A)/*.d $(A)/*/*.d)

# ---- what people run ---------------------------------------------------------------
setup:
	@sh tools/setup.sh
run:
	@sh tools/setup.sh
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@sh tools/run.sh $(MODEL)
check: all $(TESTS) $(FUZZERS) $(BENCHES) $(TRAINING)
	@sh tests/run.sh $(B) check
test:
	@sh tools/setup.sh test
	@$(MAKE) --no-print-directory -j$$(nproc) all tests-built arm-tests
	@sh tests/run.sh $(B) test
.PHONY: tests-built arm-tests
tests-built: $(TESTS) $(FUZZERS) $(BENCHES) $(TRAINING)
arm-tests: $(ARM_TESTS)
asan ubsan tsan:
	@$(MAKE) --no-print-directory FLAVOUR=$@ all tests-built
	@sh tests/run.sh build/$@ check
fuzz: $(FUZZERS)
	@sh tests/run.sh $(B) fuzz
bench: all $(BENCHES)
	@sh tests/bench.sh $(B) table
bench-json:                         # nothing else on its output
	@$(MAKE) --no-print-directory all benches-built >&2
	@sh tests/bench.sh $(B) json
benches-built: $(BENCHES)
bench-kernels: $(BENCHES)
	@$(B)/tests/bench_kernels
training: $(TRAINING)
quality: all
	@sh tests/quality.sh
lint:
	@sh tools/lint.sh
golden:
	@for f in tests/golden/make_*.py; do echo $$f; python3 $$f || exit 1; done
prefix = $(DESTDIR)$(or $(PREFIX),/usr/local)
install: all
	install -D -m 755 build/release/mynah $(prefix)/bin/mynah
	@mkdir -p $(addprefix $(prefix)/share/,bash-completion/completions zsh/site-functions fish/vendor_completions.d man/man1)
	build/mynah completion bash >$(prefix)/share/bash-completion/completions/mynah
	build/mynah completion zsh >$(prefix)/share/zsh/site-functions/_mynah
	build/mynah completion fish >$(prefix)/share/fish/vendor_completions.d/mynah.fish
	build/mynah help man >$(prefix)/share/man/man1/mynah.1
clean:
	rm -rf build
help:
	@echo 'make run [MODEL=tiny|small|default]  set up, build, pull the weights, open the chat'
	@echo 'make test      set up, then all tests (pulls the tests'"'"' weights)'
	@echo 'make           build build/mynah (FLAVOUR=release|debug|asan|ubsan|tsan)'
	@echo 'make check     tests that need no network and no weights'
	@echo 'make lint      includes against the table of folders'
	@echo 'make asan ubsan tsan   check under a sanitizer;  make fuzz   replay and extend the corpus'
	@echo 'make bench     speed;  make -s bench-json   the same as JSON;  make bench-kernels   a line per kernel;  make quality   what users get'
	@echo 'make training  the programs that our own weights are trained with (training/)'
	@echo 'make golden    make the golden vectors again (needs tests/golden/requirements.txt)'
	@echo 'make setup install clean'
