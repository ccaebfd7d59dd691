#include "fusion/evidence.h"

#include <string.h>

#include "base/utf8.h"
#include "fusion/caption.h"

enum { NAME_BYTES = 128, SENTENCE_TEXT = 90, FACTS_TEXT = 3000 };

/* ---- what may be said ------------------------------------------------------- */

static bool names_kind(const struct vision_tag *tag)
{
    const char *at = strstr(tag->name, tag->kind);

    return *tag->kind == '\0' || at != NULL;
}

/* Thresholds of docs/models.md, "Evidence": a is the best name's probability, g
 * the summed probability of the best kind. */
struct subject evidence_subject(const struct vision_report *r)
{
    struct subject s = { .kind = "" };
    bool one_kind = true;

    for (size_t i = 0; i < r->n_tags && s.n_names < 3; i++) {
        bool repeated = false;
        if (r->tags[i].p < 0.08f)
            continue;
        for (size_t k = 0; k < s.n_names; k++)
            repeated |= strcmp(s.names[k]->name, r->tags[i].name) == 0;
        if (!repeated)
            s.names[s.n_names++] = &r->tags[i];
    }
    if (s.n_names == 0)
        return s;
    float a = s.names[0]->p, g = r->best_kind_p;
    for (size_t i = 0; i < s.n_names; i++)
        one_kind &= *r->best_kind != '\0' && strcmp(s.names[i]->kind, r->best_kind) == 0;
    bool sure_kind = g > 0.7f && g - a > 0.15f;
    if (*r->best_kind != '\0' && (sure_kind || (one_kind && s.n_names > 1 && g > 0.4f && a <= 0.6f))) {
        size_t n = 0;
        for (size_t i = 0; i < s.n_names; i++)
            if (strcmp(s.names[i]->kind, r->best_kind) == 0)
                s.names[n++] = s.names[i];
        s.n_names = n;
        s.form = SUBJECT_KIND;
        s.kind = r->best_kind;
    } else if (a > 0.6f) {
        s.form = SUBJECT_ONE;
        s.n_names = 1;
        s.kind = names_kind(s.names[0]) ? "" : s.names[0]->kind;
    } else if (a >= 0.2f) {
        s.form = s.n_names > 1 ? SUBJECT_SOME : SUBJECT_ONE;
        s.kind = s.n_names > 1 || names_kind(s.names[0]) ? "" : s.names[0]->kind;
    }
    return s;
}

/* Where the classifier is right about what surrounds the things (all but 3 of 40 on 328
 * everyday photographs), in the words people use. */
const char *evidence_scene(const struct vision_report *r)
{
    static const char *const scenes[][2] = {
        { "bakery", "in a bakery" },            { "barbershop", "in a barbershop" },
        { "baseball player", "at a baseball game" }, { "bookshop", "in a bookshop" },
        { "butcher shop", "in a butcher shop" }, { "church", "at a church" },
        { "cinema", "at a cinema" },            { "cliff", "at a cliff" },
        { "confectionery", "in a confectionery" }, { "coral reef", "at a coral reef" },
        { "desk", "at a desk" },                { "dock", "at a dock" },
        { "fountain", "at a fountain" },        { "greenhouse", "in a greenhouse" },
        { "grocery store", "in a grocery store" }, { "home theater", "in a home theater" },
        { "lake shore", "at a lake" },          { "mountain", "in the mountains" },
        { "palace", "at a palace" },            { "patio", "on a patio" },
        { "pier", "at a pier" },                { "plate", "on a plate" },
        { "restaurant", "in a restaurant" },    { "sandbar", "at the beach" },
        { "sea cliff", "at a sea cliff" },      { "seashore", "at the beach" },
        { "shoe shop", "in a shoe shop" },      { "stage", "on a stage" },
        { "steel arch bridge", "at a bridge" }, { "street sign", "with a street sign" },
        { "suspension bridge", "at a bridge" }, { "toyshop", "in a toyshop" },
        { "valley", "in a valley" },
    };

    if (r->n_tags == 0 || r->tags[0].p <= 0.5f)
        return NULL;
    for (size_t i = 0; i < r->n_objects; i++)   /* told already */
        if (strstr(r->objects[i].name, r->tags[0].name) != NULL || strcmp(r->objects[i].finer, r->tags[0].name) == 0 ||
            (strcmp(r->objects[i].name, "stop sign") == 0 && strcmp(r->tags[0].name, "street sign") == 0))
            return NULL;
    for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++)
        if (strcmp(scenes[i][0], r->tags[0].name) == 0)
            return scenes[i][1];
    return NULL;
}

/* Printed pages and screens: the classifier's guesses at them are no subject. */
bool evidence_is_text(const struct vision_report *r)
{
    enum { PAGE_BYTES = 200 };
    enum subject_form form = evidence_subject(r).form;

    return *r->text != '\0' && r->n_objects == 0 &&
           (form == SUBJECT_UNKNOWN || (form == SUBJECT_SOME && strlen(r->text) > PAGE_BYTES));
}

/* ---- pieces of English -------------------------------------------------------- */

/* Colours that light, shade and background do not make: the box of a white cup is
 * often grey. */
static bool is_vivid(const char *colour)
{
    static const char *const vivid[] = { "red", "orange", "yellow", "green", "blue", "purple", "pink" };

    for (size_t i = 0; i < sizeof vivid / sizeof vivid[0]; i++)
        if (strcmp(vivid[i], colour) == 0)
            return true;
    return false;
}

/* "an umbrella", "a blue umbrella", "two umbrellas"; what has no article is not counted. */
static void add_named(struct words *b, const char *name, size_t count, const char *colour)
{
    char one[NAME_BYTES], named[NAME_BYTES];

    vision_name_with_count(name, 1, one, sizeof one);
    vision_name_with_count(name, strcmp(one, name) == 0 ? 1 : count, named, sizeof named);
    const char *space = strchr(one, ' ');
    bool has_article = strncmp(one, "a ", 2) == 0 || strncmp(one, "an ", 3) == 0;
    if (count == 1 && has_article && is_vivid(colour))
        words_add(b, "%s %s%s", strchr("aeiou", *colour) != NULL ? "an" : "a", colour, space);
    else
        words_add(b, "%s", named);
}

static const char *place_words(const char *place)
{
    static const char *const places[][2] = {
        { "left", " on the left" }, { "right", " on the right" },
        { "top", " at the top" },   { "bottom", " at the bottom" },
    };

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (strcmp(places[i][0], place) == 0)
            return places[i][1];
    return "";
}

/* Before item i of n: "", ", " or " and ". */
static const char *separator(size_t i, size_t n, const char *last)
{
    return i == 0 ? "" : i + 1 < n ? ", " : last;
}

static void add_finer(struct words *b, const struct vision_object *o)
{
    if (*o->finer != '\0') {
        words_add(b, o->count > 1 ? " (one perhaps " : " (perhaps ");
        add_named(b, o->finer, 1, "");
        words_add(b, ")");
    }
}

/* "a man (perhaps a groom) riding a brown horse on the left" */
static void add_object(struct words *b, const struct vision_report *r, size_t i, const struct caption *c)
{
    const struct vision_object *o = &r->objects[i];
    bool is_person = strcmp(o->name, "person") == 0;       /* a person's box has the clothes' colour */

    add_named(b, i == c->who ? c->person->english : o->name, o->count, is_person ? "" : o->colour);
    add_finer(b, o);
    if (i == c->actor)
        words_add(b, " %s", c->doing->english);
    if (i == c->actor && c->with != CAPTION_NONE) {
        words_add(b, " ");
        add_named(b, r->objects[c->with].name, 1, r->objects[c->with].colour);
        add_finer(b, &r->objects[c->with]);
    }
    words_add(b, "%s", place_words(o->place));
}

/* Things, who they are and what they do, and where.  Who does something stands last, so that
 * nothing after it reads as part of it. */
static void add_objects(struct words *b, const struct vision_report *r)
{
    struct caption c = caption_of(r);
    size_t n = r->n_objects - (c.with != CAPTION_NONE), k = 0;
    const char *scene = evidence_scene(r);

    for (size_t i = 0; i < r->n_objects; i++)
        if (i != c.with && i != c.actor) {
            words_add(b, "%s", separator(k++, n, " and "));
            add_object(b, r, i, &c);
        }
    if (c.actor != CAPTION_NONE) {
        words_add(b, "%s", separator(k, n, " and "));
        add_object(b, r, c.actor, &c);
    }
    if (scene == NULL && c.scene != NULL)               /* the classifier's is the surer one */
        scene = c.scene;
    if (scene != NULL)
        words_add(b, " %s", scene);
}

static void add_names(struct words *b, const struct subject *s)
{
    for (size_t i = 0; i < s->n_names; i++) {
        words_add(b, "%s", i == 0 ? "" : " or ");
        add_named(b, s->names[i]->name, 1, "");
    }
}

static void add_subject(struct words *b, const struct vision_report *r)
{
    struct subject s = evidence_subject(r);
    struct caption c = caption_of(r);

    switch (s.form) {
    case SUBJECT_UNKNOWN:
        if (c.place != NULL)
            words_add(b, "%s", c.place->english);
        else
            words_add(b, r->too_small ? "something too small to be identified" : "something that could not be identified");
        break;
    case SUBJECT_ONE:
        add_named(b, s.names[0]->name, 1, "");
        if (*s.kind != '\0')           /* ", a dog" is retold as a second thing */
            words_add(b, ", a kind of %s", s.kind);
        break;
    case SUBJECT_KIND:
        add_named(b, s.kind, 1, "");
        if (s.n_names > 0) {
            words_add(b, ", perhaps ");
            add_names(b, &s);
        }
        break;
    case SUBJECT_SOME:
        add_names(b, &s);
        break;
    }
    if (s.form != SUBJECT_UNKNOWN && c.scene != NULL)
        words_add(b, " %s", c.scene);
}

void evidence_quote(struct words *b, const char *text, size_t most)
{
    size_t n = strlen(text);

    while (n > 0 && strchr(" \n", text[n - 1]) != NULL)
        n--;
    bool cut = n > most;
    if (cut) {
        for (n = most; n > most / 2 && strchr(" \n", text[n]) == NULL; n--)
            ;
        if (n == most / 2)          /* no space near: between characters */
            n = utf8_complete(text, most);
    }
    words_add_bytes(b, "\"", 1);
    for (size_t i = 0; i < n; i++)
        words_add_bytes(b, text[i] == '\n' ? " " : text + i, 1);
    words_add(b, "%s\"", cut ? " ..." : "");
}

static void add_colours(struct words *b, const struct vision_report *r)
{
    for (size_t i = 0; i < r->n_colours; i++)
        words_add(b, "%s%s", i == 0 ? "" : " and ", r->colours[i]);
}

/* ---- for descriptions ----------------------------------------------------------- */

void evidence_sentence(struct words *b, const struct vision_report *r)
{
    words_add(b, "The image shows ");
    if (evidence_is_text(r)) {
        words_add(b, "text that reads ");
        evidence_quote(b, r->text, SENTENCE_TEXT);
        words_add(b, ".");
        return;
    }
    if (r->n_objects > 0) {
        add_objects(b, r);
    } else {
        add_subject(b, r);
    }
    if (*r->text != '\0') {
        words_add(b, ", with the text ");
        evidence_quote(b, r->text, SENTENCE_TEXT);
    }
    words_add(b, ".");
}

/* ---- for questions --------------------------------------------------------------- */

void evidence_facts(struct words *b, const struct vision_report *r, bool colours)
{
    words_add(b, "Seen in it: ");
    if (r->n_objects > 0) {
        add_objects(b, r);
    } else if (evidence_is_text(r)) {
        words_add(b, "printed text");
    } else {
        add_subject(b, r);
    }
    words_add(b, ". Nothing else was recognised.");
    if (colours && r->n_colours > 0) {
        words_add(b, " Colours of the image as a whole, not of the things in it: ");
        add_colours(b, r);
        words_add(b, ".");
    }
    if (*r->text != '\0') {
        words_add(b, " Text in it: ");
        evidence_quote(b, r->text, FACTS_TEXT);
    } else {
        words_add(b, " No text was found in it.");
    }
}

/* ---- clips -------------------------------------------------------------------------- */

void evidence_time(struct words *b, double seconds)
{
    int s = (int)seconds;

    if (s >= 3600)
        words_add(b, "%d:%02d:%02d", s / 3600, s / 60 % 60, s % 60);
    else
        words_add(b, "%d:%02d", s / 60, s % 60);
}

/* "[0:07] Speaker 2: text"; speakers only where there are several channels. */
void evidence_said(struct words *b, const struct transcript *t, size_t n_segments, const struct clip_spans *parts, const char *language)
{
    for (size_t i = 0; i < t->n_segments && i < n_segments; i++) {
        const struct segment *s = &t->segments[i];
        char speaker[TRANSCRIPT_SPEAKER_BYTES];
        if (parts != NULL && !clip_spans_have(parts, s))
            continue;
        transcript_speaker(language, s->channel, speaker, sizeof speaker);
        words_add(b, "\n[");
        evidence_time(b, s->start);
        words_add(b, "] %s%s%s", speaker, *speaker != '\0' ? ": " : "", s->text);
    }
}

static void add_parts(struct words *b, const struct clip_spans *parts)
{
    for (size_t i = 0; i < parts->n; i++) {
        words_add(b, i == 0 ? " from " : " and from ");
        evidence_time(b, parts->span[i].from);
        words_add(b, " to ");
        evidence_time(b, parts->span[i].to);
    }
}

void evidence_clip(struct words *b, const struct transcript *t, size_t n_segments, const struct clip_spans *parts)
{
    const char *code, *language = t->language;

    if (whisper_language(t->language, &code, &language))
        language = language != NULL ? language : code;
    words_add(b, "Length: %.0f seconds. ", t->seconds);
    if (t->n_segments == 0) {
        words_add(b, "No speech was heard in it.");
        return;
    }
    words_add(b, "Language: %s. What is said in it", language);
    if (parts != NULL)
        add_parts(b, parts);
    words_add(b, ", with times:");
    evidence_said(b, t, n_segments, parts, "en");
    if (n_segments < t->n_segments) {
        words_add(b, "\n(What is said after ");
        evidence_time(b, t->segments[n_segments].start);
        words_add(b, " is left out here, up to ");
        evidence_time(b, t->seconds);
        words_add(b, ".)");
    }
}
