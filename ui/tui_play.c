/* tui_play.c - a clip is played from its details: Space plays and pauses, the arrows go on or back. */
#include "ui/tui.h"

static void set_playing(struct tui *t, struct play *play, const struct attachment *a)
{
    t->play = play;
    t->played = a;
    if (play != NULL)
        t->playing = play_state(play);
    if (t->panel != NULL)
        t->panel->plays = play != NULL;
}

void tui_stop_playing(struct tui *t)
{
    play_stop(t->play);
    set_playing(t, NULL, NULL);
}

/* Why not stands in the conversation: a panel may be too narrow to tell it. */
static struct play *start(struct tui *t, const struct attachment *a, double from_s, double to_s)
{
    struct error err;

    tui_stop_playing(t);
    struct play *play = play_start(t->engine->attachment(a).path, from_s, to_s, t->options->speaker, &err);
    if (play == NULL)
        tui_note(t, ITEM_ERROR, "%s", err.text);
    return play;
}

bool tui_play_span(struct tui *t, const struct attachment *a, double from_s, double to_s)
{
    struct play *play = start(t, a, from_s, to_s);

    if (play == NULL)
        return false;
    tui_open_details(t, a);
    set_playing(t, play, a);
    return true;
}

void tui_renew_details(struct tui *t, const struct attachment *first)
{
    struct play *play = t->play;
    const struct attachment *played = t->played;
    uint32_t id = play != NULL ? t->engine->attachment(played).id : 0;

    t->play = NULL;                 /* the panel that closes would stop it */
    tui_open_details(t, first);
    for (size_t i = 0; play != NULL && i < t->n_perceived; i++)
        if (t->engine->attachment(t->perceived[i]).id == id)
            played = t->perceived[i];
    if (play != NULL)
        set_playing(t, play, played);
}

void tui_play(struct tui *t, const char *argument)
{
    double from_s, to_s;
    struct error err;
    const struct attachment *a = play_find(argument, t->engine, t->perceived, t->n_perceived, &from_s, &to_s, &err);

    if (a == NULL) {
        tui_hint(t, true, "%s", err.text);
        return;
    }
    tui_play_span(t, a, from_s, to_s);
}

void tui_play_or_pause(struct tui *t, size_t i_perceived)
{
    const struct attachment *a = i_perceived < t->n_perceived ? t->perceived[i_perceived] : NULL;

    if (t->play != NULL && (a == NULL || a == t->played)) {
        play_pause(t->play, !t->playing.paused);
        t->playing = play_state(t->play);
    } else if (a != NULL) {
        struct play *play = start(t, a, 0, 0);
        set_playing(t, play, a);
        if (play == NULL)
            tui_close_panel(t);
    }
}

void tui_seek(struct tui *t, int direction)
{
    if (t->play == NULL)
        return;
    play_seek(t->play, play_state(t->play).at_s + direction * PLAY_STEP_S);
    t->playing = play_state(t->play);
}

void tui_tick_playing(struct tui *t)
{
    t->playing = play_state(t->play);
    if (!t->playing.ended && !t->playing.gone)
        return;
    if (t->playing.gone)
        tui_hint(t, true, "the playing stopped: the sound output is gone, or the file is");
    tui_stop_playing(t);
}
