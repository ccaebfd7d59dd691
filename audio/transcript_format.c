/* transcript_format.c - the forms that people and programs keep a transcript in.
 *
 *   txt   words only, a paragraph; where speakers are known, a line each time another one speaks
 *   srt   SubRip: number, HH:MM:SS,mmm --> HH:MM:SS,mmm, text, blank line
 *   vtt   WebVTT (https://www.w3.org/TR/webvtt1/): header, then the same with a full stop; & < > escaped;
 *         voice spans name the speakers, time stamps stand before words
 *   lrc   [mm:ss.xx] and text, a line each, as players of songs read it
 *   csv   RFC 4180: start, end, speaker, text; seconds
 *   json  all that is known
 */
#include "audio/transcript.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- pieces ------------------------------------------------------------------- */

static bool add_text(struct text_buffer *out, const char *text)
{
    return text_buffer_add(out, text, strlen(text), NULL);
}

/* Line breaks, which would end an entry, become blanks. */
static bool add_in_a_line(struct text_buffer *out, const char *text)
{
    bool ok = true;

    for (; ok && *text != '\0'; text++)
        ok = text_buffer_add(out, *text == '\n' || *text == '\r' ? " " : text, 1, NULL);
    return ok;
}

static long long milliseconds(double seconds)
{
    return llround(fmax(seconds, 0.0) * 1000.0);
}

static bool add_time(struct text_buffer *out, double seconds, char point)
{
    char text[40];
    long long ms = milliseconds(seconds);

    snprintf(text, sizeof text, "%02lld:%02lld:%02lld%c%03lld", ms / 3600000, ms / 60000 % 60, ms / 1000 % 60, point, ms % 1000);
    return add_text(out, text);
}

void transcript_speaker(const char *language, size_t channel, char *name, size_t size)
{
    if (channel == 0)
        snprintf(name, size, "%s", "");
    else
        snprintf(name, size, strcmp(language, "ko") == 0 ? "화자 %zu" : "Speaker %zu", channel);
}

/* "Speaker 1: ", or nothing when it is not known who speaks. */
static bool add_speaker(struct text_buffer *out, const struct transcript *t, const struct segment *s)
{
    char name[TRANSCRIPT_SPEAKER_BYTES];

    transcript_speaker(t->language, s->channel, name, sizeof name);
    return s->channel == 0 || (add_text(out, name) && add_text(out, ": "));
}

/* ---- words only ---------------------------------------------------------------- */

static bool has_speakers(const struct transcript *t)
{
    for (size_t i = 0; i < t->n_segments; i++)
        if (t->segments[i].channel != 0)
            return true;
    return false;
}

static bool format_txt(struct text_buffer *out, const struct transcript *t)
{
    bool ok = true;

    if (!has_speakers(t))
        return add_text(out, t->text) && add_text(out, "\n");
    for (size_t i = 0; ok && i < t->n_segments; i++) {
        const struct segment *s = &t->segments[i];
        bool goes_on = i > 0 && s[-1].channel == s->channel;
        ok = (i == 0 || add_text(out, goes_on ? " " : "\n")) && (goes_on || add_speaker(out, t, s)) && add_in_a_line(out, s->text);
    }
    return ok && add_text(out, "\n");
}

/* ---- subtitles ------------------------------------------------------------------- */

static bool format_srt(struct text_buffer *out, const struct transcript *t)
{
    bool ok = add_text(out, "");

    for (size_t i = 0; ok && i < t->n_segments; i++) {
        const struct segment *s = &t->segments[i];
        char number[24];
        snprintf(number, sizeof number, "%zu\n", i + 1);
        ok = add_text(out, number) && add_time(out, s->start, ',') && add_text(out, " --> ") && add_time(out, s->end, ',') &&
             add_text(out, "\n") && add_speaker(out, t, s) && add_in_a_line(out, s->text) && add_text(out, "\n\n");
    }
    return ok;
}

static bool add_escaped(struct text_buffer *out, const char *text)
{
    bool ok = true;

    for (; ok && *text != '\0'; text++)
        ok = *text == '&' ? add_text(out, "&amp;") : *text == '<' ? add_text(out, "&lt;") :
             *text == '>' ? add_text(out, "&gt;") :
             text_buffer_add(out, *text == '\n' || *text == '\r' ? " " : text, 1, NULL);
    return ok;
}

/* A time stamp has to lie inside its cue, behind the one before. */
static bool add_vtt_words(struct text_buffer *out, const struct segment *s)
{
    long long last = milliseconds(s->start), end = milliseconds(s->end);
    bool ok = true;

    for (size_t i = 0; ok && i < s->n_words; i++) {
        long long at = milliseconds(s->words[i].start);
        if (at > last && at < end) {
            ok = add_text(out, "<") && add_time(out, s->words[i].start, '.') && add_text(out, ">");
            last = at;
        }
        ok = ok && add_escaped(out, s->words[i].text + (i == 0 ? strspn(s->words[i].text, " ") : 0));
    }
    return ok;
}

static bool format_vtt(struct text_buffer *out, const struct transcript *t)
{
    bool ok = add_text(out, "WEBVTT\n\n");

    for (size_t i = 0; ok && i < t->n_segments; i++) {
        const struct segment *s = &t->segments[i];
        char name[TRANSCRIPT_SPEAKER_BYTES];
        transcript_speaker(t->language, s->channel, name, sizeof name);
        ok = add_time(out, s->start, '.') && add_text(out, " --> ") && add_time(out, s->end, '.') && add_text(out, "\n") &&
             (*name == '\0' || (add_text(out, "<v ") && add_text(out, name) && add_text(out, ">"))) &&
             (s->n_words > 0 ? add_vtt_words(out, s) : add_escaped(out, s->text)) && add_text(out, "\n\n");
    }
    return ok;
}

/* Minutes are not carried into hours. */
static bool format_lrc(struct text_buffer *out, const struct transcript *t)
{
    bool ok = add_text(out, "");

    for (size_t i = 0; ok && i < t->n_segments; i++) {
        const struct segment *s = &t->segments[i];
        long long cs = llround(fmax(s->start, 0.0) * 100.0);
        char time[40];
        snprintf(time, sizeof time, "[%02lld:%02lld.%02lld]", cs / 6000, cs / 100 % 60, cs % 100);
        ok = add_text(out, time) && add_speaker(out, t, s) && add_in_a_line(out, s->text) && add_text(out, "\n");
    }
    return ok;
}

/* ---- for programs ------------------------------------------------------------------ */

/* In quotes where RFC 4180 wants them, quotes in it doubled. */
static bool add_csv_field(struct text_buffer *out, const char *text)
{
    bool quoted = strpbrk(text, ",\"\r\n") != NULL, ok = !quoted || add_text(out, "\"");

    for (; ok && *text != '\0'; text++)
        ok = (*text != '"' || add_text(out, "\"")) && text_buffer_add(out, text, 1, NULL);
    return ok && (!quoted || add_text(out, "\""));
}

static bool format_csv(struct text_buffer *out, const struct transcript *t)
{
    bool ok = add_text(out, "start,end,speaker,text\r\n");

    for (size_t i = 0; ok && i < t->n_segments; i++) {
        const struct segment *s = &t->segments[i];
        char times[64], name[TRANSCRIPT_SPEAKER_BYTES];
        long long start = milliseconds(s->start), end = milliseconds(s->end);
        snprintf(times, sizeof times, "%lld.%03lld,%lld.%03lld,", start / 1000, start % 1000, end / 1000, end % 1000);
        transcript_speaker(t->language, s->channel, name, sizeof name);
        ok = add_text(out, times) && add_csv_field(out, name) && add_text(out, ",") && add_csv_field(out, s->text) && add_text(out, "\r\n");
    }
    return ok;
}

/* Three decimals: more would be noise. */
static bool add_number(struct cJSON *object, const char *name, double value)
{
    return cJSON_AddNumberToObject(object, name, round(value * 1000) / 1000) != NULL;
}

static struct cJSON *add_item(struct cJSON *array)
{
    struct cJSON *item = cJSON_CreateObject();

    if (item == NULL || cJSON_AddItemToArray(array, item))
        return item;
    cJSON_Delete(item);
    return NULL;
}

static bool add_json_words(struct cJSON *segment, const struct segment *s)
{
    struct cJSON *words = cJSON_AddArrayToObject(segment, "words");
    bool ok = words != NULL;

    for (size_t i = 0; ok && i < s->n_words; i++) {
        const struct word *word = &s->words[i];
        struct cJSON *item = add_item(words);
        ok = item != NULL && add_number(item, "start", word->start) && add_number(item, "end", word->end) &&
             cJSON_AddStringToObject(item, "text", word->text) != NULL && add_number(item, "p", (double)word->p);
    }
    return ok;
}

static bool add_json_segment(struct cJSON *item, const struct segment *s)
{
    return item != NULL && add_number(item, "start", s->start) && add_number(item, "end", s->end) &&
           cJSON_AddStringToObject(item, "text", s->text) != NULL && add_number(item, "avg_logprob", (double)s->avg_logprob) &&
           add_number(item, "no_speech_p", (double)s->no_speech_p) &&
           (s->heard == NULL || (cJSON_AddBoolToObject(item, "edited", true) != NULL && cJSON_AddStringToObject(item, "heard", s->heard) != NULL)) &&
           (s->channel == 0 || cJSON_AddNumberToObject(item, "channel", (double)s->channel) != NULL) &&
           (s->n_words == 0 || add_json_words(item, s));
}

bool transcript_json(const struct transcript *t, struct cJSON *json)
{
    struct cJSON *segments;
    bool ok = cJSON_AddStringToObject(json, "language", t->language) != NULL && add_number(json, "language_p", (double)t->language_p) &&
              add_number(json, "seconds", t->seconds) && cJSON_AddStringToObject(json, "text", t->text) != NULL &&
              (segments = cJSON_AddArrayToObject(json, "segments")) != NULL;

    for (size_t i = 0; ok && i < t->n_segments; i++)
        ok = add_json_segment(add_item(segments), &t->segments[i]);
    return ok;
}

static bool format_json(struct text_buffer *out, const struct transcript *t)
{
    struct cJSON *json = cJSON_CreateObject();
    char *text = json != NULL && transcript_json(t, json) ? cJSON_PrintUnformatted(json) : NULL;
    bool ok = text != NULL && add_text(out, text) && add_text(out, "\n");

    free(text);
    cJSON_Delete(json);
    return ok;
}

/* ---- the table ----------------------------------------------------------------------- */

static const struct {
    const char *name;
    bool (*format)(struct text_buffer *out, const struct transcript *t);
} formats[TRANSCRIPT_N_FORMATS] = {
    [TRANSCRIPT_TXT] = { "txt", format_txt },
    [TRANSCRIPT_SRT] = { "srt", format_srt },
    [TRANSCRIPT_VTT] = { "vtt", format_vtt },
    [TRANSCRIPT_LRC] = { "lrc", format_lrc },
    [TRANSCRIPT_CSV] = { "csv", format_csv },
    [TRANSCRIPT_JSON] = { "json", format_json },
};

const char *transcript_format_name(enum transcript_format format)
{
    return formats[format].name;
}

bool transcript_format_find(const char *name, enum transcript_format *format)
{
    for (size_t i = 0; i < TRANSCRIPT_N_FORMATS; i++)
        if (strcmp(formats[i].name, name) == 0) {
            *format = (enum transcript_format)i;
            return true;
        }
    return false;
}

char *transcript_format(const struct transcript *t, enum transcript_format format)
{
    struct text_buffer out = { 0 };

    if (formats[format].format(&out, t))
        return out.data;
    free(out.data);
    return NULL;
}
