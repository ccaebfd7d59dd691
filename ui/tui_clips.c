/* tui_clips.c - what is said in clips: corrected lines, places that answers name, transcripts in files. */
#include "ui/tui.h"

#include "ui/corrections.h"
#include "ui/export.h"

#include <stdlib.h>
#include <string.h>

enum { CLIPS_MOST = 16, CITATIONS_MOST = 32 };

/* ---- corrections -------------------------------------------------------------------- */

void tui_attached(struct tui *t, const struct attachment *a)
{
    struct error err;

    tui_perceive(t, a);
    if (!corrections_apply(t->engine, t->sessions, a, &err))
        tui_note(t, ITEM_ERROR, "%s", err.text);
}

/* The new one stands for the old one everywhere; details that are open show it. */
void tui_corrected(struct tui *t, const struct attachment *a)
{
    uint32_t id = t->engine->attachment(a).id;
    size_t edited = SIZE_MAX;

    for (size_t i = 0; i < t->n_perceived; i++) {
        uint32_t other = t->engine->attachment(t->perceived[i]).id;
        t->perceived[i] = other == id ? a : t->perceived[i];
        edited = other == t->edited.attachment ? i : edited;
    }
    for (size_t i = 0; i < t->question.n_files; i++)
        if (t->engine->attachment(t->question.attachments[i]).id == id)
            t->question.attachments[i] = a;
    talk_replace(&t->talk, a);
    if (t->panel == NULL || t->purpose != FOR_DETAILS || panel_details_corrects(t->panel))
        return;
    tui_renew_details(t, edited != SIZE_MAX ? t->perceived[edited] : NULL);
    if (edited != SIZE_MAX)
        panel_details_show(t->panel, edited, t->edited.line);
}

/* Of all attachments that are the same clip. */
void tui_correct(struct tui *t, size_t detail, size_t line, const char *text)
{
    struct error err = { 0 };
    bool ok = detail < t->n_perceived;
    struct engine_attachment edited = { 0 };

    if (ok)
        edited = t->engine->attachment(t->perceived[detail]);
    for (size_t i = 0; ok && i < t->n_perceived; i++) {
        struct engine_attachment a = t->engine->attachment(t->perceived[i]);
        if (i == detail || (a.n_said > line && *a.sha256 != '\0' && strcmp(a.sha256, edited.sha256) == 0))
            ok = corrections_make(t->engine, t->sessions, t->perceived[i], line, text, &err);
    }
    t->edited.attachment = edited.id;
    t->edited.line = line;
    if (!ok)
        tui_note(t, ITEM_ERROR, "%s", err.text);
    else
        tui_hint(t, false, text != NULL ? "corrected; an empty line brings back what was heard" : "what was heard is back");
}

/* ---- places --------------------------------------------------------------------------- */

static size_t add_clips(const struct tui *t, const struct talk_turn *turn, const struct attachment **clips, size_t n)
{
    for (size_t i = 0; i < turn->saved.n_files && n < CLIPS_MOST; i++) {
        const struct attachment *a = turn->files[i].attachment;
        if (a != NULL && t->engine->attachment(a).kind == ATTACHMENT_AUDIO)
            clips[n++] = a;
    }
    return n;
}

/* Those of the turn, then those before it, the newest first. */
static size_t clips_before(const struct tui *t, int64_t turn, const struct attachment **clips)
{
    size_t n = 0;

    for (size_t i = t->talk.n_branch; i-- > 0;) {
        const struct talk_turn *before = &t->talk.turns[t->talk.branch[i]];
        if (before->saved.id <= turn)
            n = add_clips(t, before, clips, n);
    }
    return n;
}

static size_t citations_of(const struct tui *t, int64_t turn, const char *text, struct citation *citations)
{
    const struct attachment *clips[CLIPS_MOST];
    size_t n = clips_before(t, turn, clips);

    return n > 0 ? t->engine->citations(text, clips, n, citations, CITATIONS_MOST) : 0;
}

static void go_to(struct tui *t, const struct citation *c)
{
    for (size_t i = 0; i < t->n_perceived; i++)
        if (t->perceived[i] == c->clip) {
            if (!tui_play_span(t, c->clip, c->from, c->to))
                tui_open_details(t, c->clip);
            panel_details_show(t->panel, i, c->i_segment);
        }
}

bool tui_click_place(struct tui *t, int64_t turn, const char *text, size_t at)
{
    struct citation c[CITATIONS_MOST];
    size_t n = citations_of(t, turn, text, c);

    for (size_t i = 0; i < n; i++)
        if (at >= c[i].at && at < c[i].at + c[i].n) {
            go_to(t, &c[i]);
            return true;
        }
    return false;
}

/* The first place that the answer names; asked for once more, the next. */
void tui_next_place(struct tui *t, int64_t turn)
{
    struct citation c[CITATIONS_MOST];
    size_t at = talk_find(&t->talk, turn), n = 0;

    if (at != SIZE_MAX && t->talk.turns[at].saved.answer != NULL)
        n = citations_of(t, turn, t->talk.turns[at].saved.answer, c);
    if (n == 0) {
        tui_hint(t, true, "this answer names no place of a recording");
        return;
    }
    t->place = t->place_turn == turn ? (t->place + 1) % n : 0;
    t->place_turn = turn;
    go_to(t, &c[t->place]);
    if (n > 1)
        tui_hint(t, false, "place %zu of %zu; p goes to the next", t->place + 1, n);
}

/* ---- files ----------------------------------------------------------------------------- */

void tui_export_transcript(struct tui *t, const char *format, const char *path)
{
    const struct attachment *clip = NULL;
    struct error err = { 0 };
    char *text = NULL;

    for (size_t i = 0; i < t->n_perceived; i++)
        if (t->engine->attachment(t->perceived[i]).kind == ATTACHMENT_AUDIO)
            clip = t->perceived[i];
    if (clip == NULL)
        tui_hint(t, true, "no clip was attached yet");
    else if ((text = t->engine->transcript(clip, format)) == NULL)
        tui_hint(t, true, "/export transcript takes txt, srt, vtt, lrc, csv or json, and a path: /export transcript srt talk.srt");
    else if (path == NULL)
        tui_hint(t, true, "/export transcript %s takes the path of the new file, too", format);
    else if (export_to(path, text, &err))
        tui_hint(t, false, "the transcript of %s is written to %s", t->engine->attachment(clip).name, path);
    else
        tui_note(t, ITEM_ERROR, "%s", err.text);
    free(text);
}
