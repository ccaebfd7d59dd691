/* evidence.h - what the encoders found, in words for a language model.
 *
 *   vision_report -> one sentence (descriptions) or facts (questions)
 *   what eyes said -> a sentence that names them
 *   transcript    -> lines with times
 *
 * Pure functions of their arguments.  The wording was measured: docs/models.md,
 * "Evidence".  Nothing is said that an encoder did not find, and doubt is said. */
#ifndef FUSION_EVIDENCE_H
#define FUSION_EVIDENCE_H

#include "audio/audio.h"
#include "fusion/clip_span.h"
#include "fusion/words.h"
#include "vision/vision.h"

/* "The image shows two people and a dog on the left." */
void evidence_sentence(struct words *b, const struct vision_report *r);
/* "이 사진에는 사람 두 명, 왼쪽에 개 한 마리가 있습니다." */
void evidence_sentence_korean(struct words *b, const struct vision_report *r);

/* What was found, for questions: things, text; the colours of the whole picture only
 * when they are asked for, because a small model lends them to any thing in it. */
void evidence_facts(struct words *b, const struct vision_report *r, bool colours);
void evidence_facts_korean(struct words *b, const struct vision_report *r, bool colours);

/* Length, language and what is said, a line each with its time: of the first n_segments those in one
 * of the parts (NULL: all); says so when that is not all.  Who speaks, where that is known. */
void evidence_clip(struct words *b, const struct transcript *t, size_t n_segments, const struct clip_spans *parts);
void evidence_clip_korean(struct words *b, const struct transcript *t, size_t n_segments, const struct clip_spans *parts);
/* The lines of both; language: "en" or "ko". */
void evidence_said(struct words *b, const struct transcript *t, size_t n_segments, const struct clip_spans *parts, const char *language);

/* "0:07", "1:02:30" */
void evidence_time(struct words *b, double seconds);

/* " NAME, a model that sees the picture, says: "WORDS"": of the picture, or to the question that follows, alone or after
 * such a sentence. */
enum evidence_eyes { EVIDENCE_EYES_SEE, EVIDENCE_EYES_ASKED, EVIDENCE_EYES_ASKED_TOO };
void evidence_eyes(struct words *b, const char *name, const char *words, enum evidence_eyes how);
void evidence_eyes_korean(struct words *b, const char *name, const char *words, enum evidence_eyes how);

/* Text in an image on one line, quoted; cut at a word when longer than `most`
 * bytes. */
void evidence_quote(struct words *b, const char *text, size_t most);

/* What the classifier says when the detector found nothing. */
enum subject_form {
    SUBJECT_UNKNOWN,                /* nothing can be said */
    SUBJECT_ONE,                    /* one name, surely */
    SUBJECT_KIND,                   /* a kind surely, its members perhaps */
    SUBJECT_SOME                    /* one of several */
};
struct subject {
    enum subject_form form;
    const char *kind;               /* SUBJECT_KIND; for SUBJECT_ONE "" or worth naming */
    const struct vision_tag *names[3];
    size_t n_names;
};
struct subject evidence_subject(const struct vision_report *r);

/* The place that the classifier is sure of ("in a bakery"), or NULL. */
const char *evidence_scene(const struct vision_report *r);

/* The report has words to quote, and nothing else was seen. */
bool evidence_is_text(const struct vision_report *r);

#endif
