#!/bin/sh
# lint.sh - checks the includes against the table of folders, and a few rules that
# grep can see.
#
#   base <- tensor <- {text, vision, audio} <- fusion <- ui;   store uses base only;
#   tests and training use what they like.
cd "$(dirname "$0")/.." || exit 1
failed=0
complain() { echo "lint: $*"; failed=1; }

allowed() { # folder of the including file, included header -> allowed or not
    case "$1:$2" in
    "$1:$1"/*) return 0 ;;
    *:base/*) return 0 ;;
    text:tensor/*|vision:tensor/*|audio:tensor/*|fusion:tensor/*) return 0 ;;
    fusion:text/text.h|fusion:text/sampler.h|fusion:text/grammar.h|fusion:vision/vision.h|fusion:vision/encoder.h|fusion:audio/audio.h|fusion:audio/encoder.h|fusion:audio/live.h) return 0 ;;
    ui:fusion/session.h|ui:store/models.h|ui:store/sessions.h) return 0 ;;
    esac
    return 1
}
command_allowed() { # ui/cmd_*.c and the command line's own files may use any public header
    case "$1" in
    text/text.h|text/embedder.h|vision/vision.h|audio/audio.h|audio/live.h|audio/playback.h|fusion/session.h|store/models.h|tensor/bandwidth.h|tensor/gguf.h|tensor/ops.h|tensor/pool.h|tensor/compute.h|tensor/quantize_file.h) return 0 ;;
    esac
    return 1
}
for file in $(ls base/*.[ch] tensor/*.[ch] text/*.[ch] vision/*.[ch] audio/*.[ch] fusion/*.[ch] store/*.[ch] ui/*.[ch] 2>/dev/null); do
    folder=${file%%/*}
    for header in $(sed -n 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*"\(.*\)".*/\1/p' "$file"); do
        case "$header" in */*) ;; *) complain "$file includes \"$header\" without its folder"; continue ;; esac
        allowed "$folder" "$header" && continue
        case "$file" in ui/cmd_*) command_allowed "$header" && continue ;; esac
        complain "$file may not include $header"
    done
done
for file in $(grep -lE '#[[:space:]]*include[[:space:]]*<(n?curses(w)?/)?n?curses\.h>' */*.c */*.h 2>/dev/null); do
    case "$file" in ui/term.c|ui/term_inline.c) ;; *) complain "$file includes ncurses; only ui/term.c and ui/term_inline.c may" ;; esac
done
for file in $(grep -lE '(^|[^_[:alnum:]])(exit|printf|puts|abort) *\(' base/*.c tensor/*.c text/*.c vision/*.c audio/*.c fusion/*.c store/*.c 2>/dev/null); do
    complain "$file prints or exits; only ui/ may"
done
for file in $(ls */*.c tests/*/*.c 2>/dev/null); do
    n=$(wc -l < "$file")
    [ "$n" -le 1000 ] || complain "$file has $n lines, 1000 are the most"
done
for table in $(sed -n 's/^const struct kernels \(kernels_[a-z0-9_]*\) = .*/\1/p' tensor/kernels_*.c); do
    grep -q "&$table," tests/emulated/tables.c || complain "tests/emulated/tables.c lacks $table"
done
grep -nE '__(AVX|SSE|FMA|F16C|ARM_FEATURE)[A-Z0-9_]*__|__ARM_FEATURE' tensor/kernels* &&
    complain "tensor: the compiler's macros hide a variant from tests/emulated; let the including file define one"
grep -nE 'ffast-math|march=native' Makefile && complain "Makefile: a flag that users' builds must not have"
[ "$failed" = 0 ] && echo "lint: ok"
exit "$failed"
