#include "store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int lock_open(const char *path, struct error *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd >= 0 && fchmod(fd, 0600) == 0)
        return fd;
    error_set(err, ERROR_INPUT, "%s: cannot be opened: %s; check its permissions", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

static int control(int fd, int command, int type, int64_t i, struct flock *lock)
{
    *lock = (struct flock){ .l_type = (short)type, .l_whence = SEEK_SET, .l_start = i, .l_len = 1 };
    return fcntl(fd, command, lock);
}

bool lock_take(int fd, int64_t i, bool *taken, struct error *err)
{
    struct flock lock;

    *taken = false;
    if (control(fd, F_OFD_SETLK, F_WRLCK, i, &lock) == 0)
        return true;
    *taken = errno == EAGAIN || errno == EACCES;
    return !*taken && error_set(err, ERROR_INPUT, "the conversation cannot be locked: %s", strerror(errno));
}

void lock_release(int fd, int64_t i)
{
    struct flock lock;

    control(fd, F_OFD_SETLK, F_UNLCK, i, &lock);
}

bool lock_is_taken(int fd, int64_t i)
{
    struct flock lock;

    return control(fd, F_OFD_GETLK, F_WRLCK, i, &lock) == 0 && lock.l_type != F_UNLCK;
}
