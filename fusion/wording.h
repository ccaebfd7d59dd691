/* wording.h - the program's own words to the model, per language.  Measured:
 * docs/models.md, "Evidence". */
#ifndef FUSION_WORDING_H
#define FUSION_WORDING_H

#define WORDING_N_EXAMPLES 4

struct wording {
    const char *language;           /* "en", "ko" */

    /* descriptions: two worked turns, then the question, then how the answer begins */
    const char *describe_system;
    const char *example_evidence[2], *example_answer[2];
    const char *describe, *begun;

    /* questions: heads of evidence; worked turns about one image, the first after its evidence */
    const char *image, *clip;
    const char *image_before;       /* of a turn before, which eyes were asked about again */
    const char *image_example;
    const char *question_example[WORDING_N_EXAMPLES], *answer_example[WORDING_N_EXAMPLES];
    const char *text_example[3];    /* for who asks what it says: another image's evidence, the question, the text in full */
    const char *quote;              /* after such a question */
    const char *answer_language;    /* after a question with attachments; "" */
    const char *describe_media;     /* in place of an empty question, several media */
    const char *summarise;          /* the same, one clip */
    const char *sum_up, *sum_up_how;    /* the conversation: the question that stays, and what is asked besides */
};

/* Descriptions in a language without a wording of its own are the English sentence, translated. */
#define WORDING_N_TRANSLATED 2

struct translation {
    const char *code;               /* "de" */
    const char *answer[WORDING_N_TRANSLATED];   /* of wording_translate_example */
    const char *begun;
};

/* NULL when there are no worked turns in it. */
const struct translation *wording_translation(const char *code);
extern const char wording_translate_system[];
extern const char *const wording_translate_example[WORDING_N_TRANSLATED];

/* English when there is no wording for the language. */
const struct wording *wording_for(const char *language);

extern const char wording_chat_system[];        /* the user's own may stand in its place */
extern const char wording_chat_brackets[];      /* follows either */
extern const char wording_chat_brackets_eyes[]; /* instead of it, where a model that sees says something, too */
extern const char wording_rows_system[];        /* pictures are rows of ours; projectors are trained with it */
extern const char wording_ears_system[];        /* likewise clips */

#endif
