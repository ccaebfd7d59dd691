/* evidence_eyes.c - what a model that sees said of a picture, for one that does not: by name, and in quotation marks. */
#include "fusion/evidence.h"

void evidence_eyes(struct words *b, const char *name, const char *words, enum evidence_eyes how)
{
    if (how == EVIDENCE_EYES_ASKED_TOO)
        words_add(b, " To the question it says: ");
    else
        words_add(b, " %s, a model that sees the picture, says%s: ", name, how == EVIDENCE_EYES_ASKED ? " to the question" : "");
    words_add(b, "\"%s\"", words);
}

void evidence_eyes_korean(struct words *b, const char *name, const char *words, enum evidence_eyes how)
{
    if (how == EVIDENCE_EYES_ASKED_TOO)
        words_add(b, " 질문에 대한 그 모델의 말: ");
    else
        words_add(b, " 사진을 보는 모델 %s의 %s말: ", name, how == EVIDENCE_EYES_ASKED ? "질문에 대한 " : "");
    words_add(b, "\"%s\"", words);
}
