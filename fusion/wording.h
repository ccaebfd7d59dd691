/* wording.h - the program's own words to the model, per language.  Measured:
 * docs/models.md, "Evidence". */
#ifndef FUSION_WORDING_H
#define FUSION_WORDING_H

struct wording {
    const char *language;           /* "en", "ko" */
    const char *describe_system;
    const char *example_evidence[2], *example_answer[2];
    const char *describe;           /* the instruction */
    const char *begun;              /* what the answer to it begins with */
    const char *image, *clip;       /* heads of evidence; %s: " 2", " (name)" or "" */
    const char *told;               /* after the evidence of a question */
    const char *describe_media;     /* in place of an empty question, several media */
    const char *summarise;          /* the same, one clip */
};

/* English when there is no wording for the language. */
const struct wording *wording_for(const char *language);

extern const char wording_chat_system[];

#endif
