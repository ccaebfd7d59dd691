/* tui_mouse.c - what the wheel and a click do.  A click looks, copies or unfolds; nothing is lost by one. */
#include "ui/tui.h"

#include "ui/tui_draw.h"

#include <string.h>

enum { WHEEL_ROWS = 3 };

static const struct attachment *perceived(const struct tui *t, uint32_t id)
{
    for (size_t i = 0; i < t->n_perceived; i++)
        if (t->engine->attachment(t->perceived[i]).id == id)
            return t->perceived[i];
    return NULL;
}

static void open_chip(struct tui *t, const struct chip *chip)
{
    struct buffer text = { 0 };

    if (chip->kind == CHIP_PASTE) {
        buffer_print(&text, "%s\n%s", buffer_text(&chip->label), chip->pasted);
        tui_open_text(t, "pasted", &text);
    } else if (chip->state == CHIP_READY) {
        tui_open_details(t, perceived(t, chip->id));
    } else if (chip->state == CHIP_READING) {
        tui_hint(t, false, "still being read; Backspace at the start of the text removes it");
    } else {
        tui_hint(t, true, "not attached: %s", buffer_text(&chip->label));
    }
}

/* Chips stand in the order of the turn's files. */
static void open_sent_chip(struct tui *t, size_t item)
{
    int64_t turn = t->view.items[item].turn;
    size_t at = talk_find(&t->talk, turn), first = item;

    while (first > 0 && t->view.items[first - 1].kind == ITEM_CHIP && t->view.items[first - 1].turn == turn)
        first--;
    if (at == SIZE_MAX || item - first >= t->talk.turns[at].saved.n_files)
        return;
    const struct attachment *a = t->talk.turns[at].files[item - first].attachment;
    if (a != NULL)
        tui_open_details(t, a);
    else
        tui_hint(t, true, "this file was not read again: there is nothing to show");
}

static void click(struct tui *t, const struct press *p)
{
    struct view_hit hit = view_at(&t->view, p->row, p->col);
    int chip = t->mode == MODE_CHAT ? draft_chip_at(&t->draft, p->row, p->col) : -1;

    if (chip >= 0)
        open_chip(t, &t->draft.chips[chip]);
    else if (hit.item == SIZE_MAX)
        return;
    else if (hit.link != NULL) {
        buffer_clear(&t->wishes.copy);
        buffer_append(&t->wishes.copy, hit.link, strlen(hit.link));
        tui_hint(t, false, "copied %s", hit.link);
    } else if (hit.text != NULL && t->view.items[hit.item].kind == ITEM_ANSWER &&
               tui_click_place(t, t->view.items[hit.item].turn, hit.text, hit.at)) {
        return;
    } else if (hit.fold) {
        view_fold(&t->view, hit.item, !t->view.items[hit.item].folded);
    } else if (t->view.items[hit.item].kind == ITEM_CHIP) {
        open_sent_chip(t, hit.item);
    }
}

/* A question is answered or left before anything else is looked at.  Inline, cells are not where the terminal says. */
void tui_press_mouse(struct tui *t, const struct press *p)
{
    bool asks = t->panel != NULL && t->panel->rows_wanted > 0;

    if (tui_on_panel(t, p->row, p->col))
        tui_press_panel(t, p);
    else if (t->is_inline || t->mode == MODE_RECORDING)
        return;
    else if (p->mouse == MOUSE_WHEEL_UP || p->mouse == MOUSE_WHEEL_DOWN)
        view_scroll(&t->view, p->mouse == MOUSE_WHEEL_UP ? -WHEEL_ROWS : WHEEL_ROWS);
    else if (p->mouse == MOUSE_LEFT && !asks)
        click(t, p);
}
