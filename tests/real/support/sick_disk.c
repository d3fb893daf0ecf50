/* A disk that fails: loaded before libc (LD_PRELOAD), it lets everything that writes below
 * $SICK_DISK_ROOT fail while the file $SICK_DISK_FLAG is there: with the error number $SICK_DISK_ERRNO.
 * With EROFS it has turned read-only, as the kernel does after it has met an error on the disk; a
 * kernel cannot be asked for that, it refuses to make a file system read-only while somebody writes to
 * it. With any other number syncs fail too, as of a disk that has lost what was written. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static int sick(const char *path) {
    const char *root = getenv("SICK_DISK_ROOT"), *flag = getenv("SICK_DISK_FLAG");
    if (!root || !flag || syscall(SYS_faccessat, AT_FDCWD, flag, F_OK)) return 0;
    return strncmp(path, root, strlen(root)) == 0;
}

static int sick_fd(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n <= 0) return 0;
    path[n] = 0;
    return sick(path);
}

static int number(void) {
    const char *text = getenv("SICK_DISK_ERRNO");
    return text ? atoi(text) : EROFS;
}

#define REFUSE do { errno = number(); return -1; } while (0)
#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define WRITER(name, params, args) \
    ssize_t name params { if (sick_fd(fd)) REFUSE; return NEXT(name) args; }
WRITER(write, (int fd, const void *b, size_t n), (fd, b, n))
WRITER(writev, (int fd, const struct iovec *v, int n), (fd, v, n))
WRITER(pwrite, (int fd, const void *b, size_t n, off_t o), (fd, b, n, o))
WRITER(pwrite64, (int fd, const void *b, size_t n, off64_t o), (fd, b, n, o))

int ftruncate64(int fd, off64_t n) { if (sick_fd(fd)) REFUSE; return NEXT(ftruncate64)(fd, n); }
int fsync(int fd) { if (number() != EROFS && sick_fd(fd)) REFUSE; return NEXT(fsync)(fd); }
int fdatasync(int fd) { if (number() != EROFS && sick_fd(fd)) REFUSE; return NEXT(fdatasync)(fd); }
int mkdir(const char *p, mode_t m) { if (sick(p)) REFUSE; return NEXT(mkdir)(p, m); }
int unlink(const char *p) { if (sick(p)) REFUSE; return NEXT(unlink)(p); }

#define OPENER(name, first, pass) \
    int name(first const char *path, int flags, ...) { \
        va_list more; va_start(more, flags); mode_t mode = va_arg(more, mode_t); va_end(more); \
        if (((flags & O_ACCMODE) != O_RDONLY || flags & O_CREAT) && sick(path)) REFUSE; \
        return NEXT(name)(pass path, flags, mode); }
#define NOTHING
#define COMMA ,
OPENER(open, NOTHING, NOTHING)
OPENER(open64, NOTHING, NOTHING)
OPENER(openat, int at COMMA, at COMMA)
OPENER(openat64, int at COMMA, at COMMA)
