#include "ui/when.h"

#include <stdbool.h>
#include <stdio.h>
#include <time.h>

static bool same_day(const struct tm *a, const struct tm *b)
{
    return a->tm_year == b->tm_year && a->tm_yday == b->tm_yday;
}

void when_said(int64_t at, int64_t now, char out[WHEN_BYTES])
{
    static const char days[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
    static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    time_t seconds = (time_t)at, today = (time_t)now;
    struct tm tm, of_now, yesterday;

    out[0] = '\0';
    if (localtime_r(&seconds, &tm) == NULL || localtime_r(&today, &of_now) == NULL)
        return;
    yesterday = of_now;
    yesterday.tm_mday--;
    yesterday.tm_hour = 12;             /* no change of the clock makes noon another day */
    yesterday.tm_isdst = -1;
    mktime(&yesterday);
    if (same_day(&tm, &of_now))
        snprintf(out, WHEN_BYTES, "today %d:%02d", tm.tm_hour, tm.tm_min);
    else if (same_day(&tm, &yesterday))
        snprintf(out, WHEN_BYTES, "yesterday %d:%02d", tm.tm_hour, tm.tm_min);
    else if (tm.tm_year == of_now.tm_year)
        snprintf(out, WHEN_BYTES, "%s %d %s", days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon]);
    else
        snprintf(out, WHEN_BYTES, "%d %s %d", tm.tm_mday, months[tm.tm_mon], 1900 + tm.tm_year);
}

void when_stamp(char out[WHEN_BYTES])
{
    struct timespec now;
    struct tm local;

    clock_gettime(CLOCK_REALTIME, &now);
    localtime_r(&now.tv_sec, &local);
    size_t n = strftime(out, WHEN_BYTES, "%Y%m%d-%H%M%S", &local);
    snprintf(out + n, WHEN_BYTES - n, "-%03ld", now.tv_nsec / 1000000);
}
