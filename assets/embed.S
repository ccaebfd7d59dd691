/* embed.S - puts files of assets/ and tools/ into the program (base/asset.h).
 * One line per file; the table is what asset_find walks. Files begin at multiples of 64, as gguf_open_bytes wants it. */
        .section .rodata
        .macro file label, path
        .balign 64
\label\()_start:
        .incbin "\path"
\label\()_end:
        .byte 0
        .endm
        .macro entry label, name
        .section .rodata.names, "a"
\label\()_name:
        .asciz "\name"
        .section .data.rel.ro, "aw"
        .quad \label\()_name, \label\()_start, \label\()_end - \label\()_start
        .endm

        file models_json, "assets/models.json"
        file pth_to_gguf, "tools/pth_to_gguf.py"
        file tfgraph_to_gguf, "tools/tfgraph_to_gguf.py"
        file ct2_to_ggml, "tools/ct2_to_ggml.py"
        file minilm_to_gguf, "tools/minilm_to_gguf.py"
        file gguf_write, "tools/gguf_write.py"
        file unwheel, "tools/unwheel.py"
        file concepts, "assets/concepts.gguf"
        file concepts_card, "assets/concepts.json"
        file own_eyes, "assets/own-eyes.gguf"
        file own_eyes_card, "assets/own-eyes.json"
        file own_ears, "assets/own-ears.gguf"
        file own_ears_card, "assets/own-ears.json"

        .section .data.rel.ro, "aw"
        .balign 8
        .globl asset_table
asset_table:
        entry models_json, "models.json"
        entry pth_to_gguf, "pth_to_gguf.py"
        entry tfgraph_to_gguf, "tfgraph_to_gguf.py"
        entry ct2_to_ggml, "ct2_to_ggml.py"
        entry minilm_to_gguf, "minilm_to_gguf.py"
        entry gguf_write, "gguf_write.py"
        entry unwheel, "unwheel.py"
        entry concepts, "concepts.gguf"
        entry concepts_card, "concepts.json"
        entry own_eyes, "own-eyes.gguf"
        entry own_eyes_card, "own-eyes.json"
        entry own_ears, "own-ears.gguf"
        entry own_ears_card, "own-ears.json"
        .quad 0, 0, 0
        .section .note.GNU-stack, "", %progbits
