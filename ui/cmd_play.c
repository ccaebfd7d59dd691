/* cmd_play.c - the chat's playing over audio/playback.h; named as cmd_record.c is, and why. */
#include "ui/play.h"

#include "audio/playback.h"

/* A struct play is a struct playback under a name that the chat may know. */
struct play *play_start(const char *path, double from_s, double to_s, const char *speaker, struct error *err)
{
    return (struct play *)playback_start(path, from_s, to_s, speaker, err);
}

struct play_state play_state(const struct play *p)
{
    struct playback_state s = playback_state((const struct playback *)p);

    return (struct play_state){ s.at_s, s.from_s, s.to_s, s.paused, s.ended, s.gone };
}

void play_pause(struct play *p, bool paused)
{
    playback_pause((struct playback *)p, paused);
}

void play_seek(struct play *p, double to_s)
{
    playback_seek((struct playback *)p, to_s);
}

void play_stop(struct play *p)
{
    playback_stop((struct playback *)p);
}
