/* evidence_korean.c - the evidence in Korean, for Korean descriptions and
 * questions: a 1.5B model answers in the language of what it reads.
 *
 * Counted as Korean counts: noun, number, counter ("개 두 마리").  Names without a
 * Korean noun stay English. */
#include "fusion/evidence.h"

#include <string.h>

#include "base/utf8.h"
#include "fusion/caption.h"

enum { SENTENCE_TEXT = 90, FACTS_TEXT = 3000 };

static const char *noun(const char *name)
{
    const char *korean = vision_name_korean(name);

    return korean != NULL ? korean : name;
}

static const char *colour(const char *name)
{
    const char *korean = vision_colour_korean(name);

    return korean != NULL ? korean : name;
}

static const char *place_korean(const char *place)
{
    static const char *const places[][2] = {
        { "left", "왼쪽에 " }, { "right", "오른쪽에 " }, { "top", "위쪽에 " }, { "bottom", "아래쪽에 " },
    };

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (strcmp(places[i][0], place) == 0)
            return places[i][1];
    return "";
}

/* Subject particle after the text so far: 이 after a final consonant, 가 after a
 * vowel; a syllable block has a final consonant unless (code - AC00) % 28 is 0
 * (The Unicode Standard 15, section 3.12).  Both after anything else.  What stands
 * in parentheses at the end does not count. */
static const char *subject_particle(const struct words *b)
{
    uint32_t code = 0;
    size_t n = b->n;

    if (n > 0 && b->text[n - 1] == ')')
        while (n > 0 && b->text[--n] != '(')
            ;
    if (n >= 3)
        utf8_decode(b->text + n - 3, 3, &code);
    if (code < 0xAC00 || code > 0xD7A3)
        return "이(가)";
    return (code - 0xAC00) % 28 == 0 ? "가" : "이";
}

/* "사람 두 명", "원반 하나": the counter 개 is also the word for a dog, and a small
 * model finds one there, so what it would count stands with the bare numeral. */
static void add_object(struct words *b, const struct vision_object *o, const char *doing, const char *called)
{
    static const char *const before_counter[] = { "", "한", "두", "세", "여러" };
    static const char *const bare[] = { "", "하나", "둘", "셋", "여럿" };
    const char *counter = vision_counter_korean(o->name);
    size_t count = o->count < 4 ? o->count : 4;

    words_add(b, "%s%s%s%s", place_korean(o->place), doing, *doing != '\0' ? " " : "", called);
    if (*o->finer != '\0')
        words_add(b, "(아마도 %s)", noun(o->finer));
    if (strcmp(counter, "개") == 0)
        words_add(b, " %s", bare[count]);
    else
        words_add(b, " %s %s", before_counter[count], counter);
}

static void add_objects(struct words *b, const struct vision_report *r)
{
    struct caption c = caption_of(r);
    size_t k = 0;

    for (size_t i = 0; i < r->n_objects; i++) {
        const struct vision_object *o = &r->objects[i];

        if (i == c.with)
            continue;
        words_add(b, "%s", k++ == 0 ? "" : ", ");
        add_object(b, o, i == c.actor ? c.doing->korean : "", i == c.who ? c.person->korean : noun(o->name));
    }
}

static void add_names(struct words *b, const struct subject *s)
{
    for (size_t i = 0; i < s->n_names; i++)
        words_add(b, "%s%s", i == 0 ? "" : " 또는 ", noun(s->names[i]->name));
}

static void add_subject(struct words *b, const struct subject *s)
{
    if (s->form == SUBJECT_KIND || *s->kind != '\0') {
        words_add(b, "%s", noun(s->kind));
        if (s->n_names > 0) {
            words_add(b, "(%s", s->form == SUBJECT_KIND ? "아마도 " : "");
            add_names(b, s);
            words_add(b, ")");
        }
    } else {
        add_names(b, s);
    }
}

/* "...이/가 있습니다." of what was seen, without an opening. */
static void add_seen(struct words *b, const struct vision_report *r)
{
    struct subject s = evidence_subject(r);
    struct caption c = caption_of(r);

    if (r->n_objects > 0)
        add_objects(b, r);
    else if (evidence_is_text(r))
        words_add(b, "글");
    else if (s.form == SUBJECT_UNKNOWN && c.place != NULL)
        words_add(b, "%s", c.place->korean);
    else if (s.form == SUBJECT_UNKNOWN)
        words_add(b, r->too_small ? "너무 작아서 무엇인지 알아볼 수 없는 것" : "무엇인지 알아볼 수 없는 것");
    else
        add_subject(b, &s);
    words_add(b, "%s 있습니다.", subject_particle(b));
    if (c.scene_korean != NULL && !(r->n_objects == 0 && s.form == SUBJECT_UNKNOWN) && !evidence_is_text(r))
        words_add(b, " %s", c.scene_korean);
}

void evidence_sentence_korean(struct words *b, const struct vision_report *r)
{
    words_add(b, "이 사진에는 ");
    if (*r->text != '\0') {
        evidence_quote(b, r->text, SENTENCE_TEXT);
        words_add(b, "라는 글%s", evidence_is_text(r) ? "이 있습니다." : "과 ");
    }
    if (!evidence_is_text(r))
        add_seen(b, r);
}

void evidence_facts_korean(struct words *b, const struct vision_report *r, bool colours)
{
    words_add(b, "이 사진에는 ");
    add_seen(b, r);
    words_add(b, " 그 밖에 알아본 것은 없습니다.");
    if (colours && r->n_colours > 0) {
        words_add(b, " 전체의 주된 색: %s", colour(r->colours[0]));
        if (r->n_colours > 1)
            words_add(b, ", %s", colour(r->colours[1]));
        words_add(b, ".");
    }
    if (*r->text != '\0') {
        words_add(b, " 사진 속의 글: ");
        evidence_quote(b, r->text, FACTS_TEXT);
    } else {
        words_add(b, " 글은 없습니다.");
    }
}

static void add_parts(struct words *b, const struct clip_spans *parts)
{
    for (size_t i = 0; i < parts->n; i++) {
        words_add(b, i == 0 ? " " : ", ");
        evidence_time(b, parts->span[i].from);
        words_add(b, "부터 ");
        evidence_time(b, parts->span[i].to);
        words_add(b, "까지");
    }
}

void evidence_clip_korean(struct words *b, const struct transcript *t, size_t n_segments, const struct clip_spans *parts)
{
    words_add(b, "길이: %.0f초. ", t->seconds);
    if (t->n_segments == 0) {
        words_add(b, "들리는 말이 없습니다.");
        return;
    }
    words_add(b, "녹음에서");
    if (parts != NULL)
        add_parts(b, parts);
    words_add(b, " 한 말과 시각:");
    evidence_said(b, t, n_segments, parts, "ko");
    if (n_segments < t->n_segments) {
        words_add(b, "\n(");
        evidence_time(b, t->segments[n_segments].start);
        words_add(b, "부터 ");
        evidence_time(b, t->seconds);
        words_add(b, "까지의 말은 여기서 뺐습니다.)");
    }
}
