/* model.h - what a struct text_model is made of. */
#ifndef TEXT_MODEL_H
#define TEXT_MODEL_H

#include "base/arena.h"
#include "tensor/gguf.h"
#include "text/chat_template.h"
#include "text/lora.h"
#include "text/text.h"
#include "text/tokenizer.h"
#include "text/transformer.h"

struct text_model {
    struct gguf *g;
    struct arena *arena;            /* everything below but what g holds */
    struct tokenizer *tokenizer;
    struct chat_template *chat;     /* NULL: opened for its tokens alone */
    struct transformer net;
    struct lora **loras;            /* [n_loras] */
    size_t n_loras;
    struct text_info info;
};

#endif
