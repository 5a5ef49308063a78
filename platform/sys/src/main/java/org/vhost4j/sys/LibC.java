// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;

/**
 * Calls of the C library outside the datapath, through JNA's direct mapping. Addresses are {@code long}; the caller keeps the memory alive.
 * Every method returns the result of the call, or the negative errno ({@link Errno}).
 *
 * <p>JNA adds about 90 ns to a call; the datapath uses {@link HotCalls} instead.
 */
public final class LibC {
    /** open: read only. */
    public static final int O_RDONLY = 0;
    /** open: write only. */
    public static final int O_WRONLY = 1;
    /** open: read and write. */
    public static final int O_RDWR = 2;
    /** open: creates the file. */
    static final int O_CREAT = 0x40;
    /** open: with {@link #O_CREAT}, fails when the file exists. */
    static final int O_EXCL = 0x80;
    /** open: ELOOP when the path itself is a symbolic link. Only this one of the flags here differs between x86-64 and aarch64. */
    public static final int O_NOFOLLOW = System.getProperty("os.arch").equals("aarch64") ? 0x8000 : 0x20000;
    /** open: a reference to a file of any kind, without access to its contents. */
    public static final int O_PATH = 0x200000;
    /** open, F_SETFL: calls return EAGAIN instead of blocking. */
    public static final int O_NONBLOCK = 0x800;
    /** open: closed by exec. */
    public static final int O_CLOEXEC = 0x80000;

    /** fcntl: the descriptor's flags. */
    public static final int F_GETFD = 1;
    /** fcntl: sets the descriptor's flags. */
    public static final int F_SETFD = 2;
    /** fcntl: the open file's flags. */
    public static final int F_GETFL = 3;
    /** fcntl: sets the open file's flags. */
    public static final int F_SETFL = 4;
    /** fcntl: a duplicate that exec closes. */
    public static final int F_DUPFD_CLOEXEC = 1030;
    /** fcntl: the capacity of a pipe in bytes; EBADF for a file that is not a pipe. */
    public static final int F_GETPIPE_SZ = 1032;
    /** fcntl: adds seals. */
    public static final int F_ADD_SEALS = 1033;
    /** fcntl: the seals of a memory file. */
    public static final int F_GET_SEALS = 1034;
    /** F_SETFD: closed by exec. */
    public static final int FD_CLOEXEC = 1;
    /** Seal: no more seals. */
    public static final int F_SEAL_SEAL = 1;
    /** Seal: the file cannot shrink. */
    public static final int F_SEAL_SHRINK = 2;
    /** Seal: the file cannot grow. */
    public static final int F_SEAL_GROW = 4;

    /** memfd_create: closed by exec. */
    public static final int MFD_CLOEXEC = 1;
    /** memfd_create: seals may be added. */
    public static final int MFD_ALLOW_SEALING = 2;
    /** memfd_create: uses huge pages. */
    public static final int MFD_HUGETLB = 4;

    /** fallocate: the file keeps its size. */
    public static final int FALLOC_FL_KEEP_SIZE = 1;
    /** fallocate: the range becomes a hole, which reads as zero. */
    public static final int FALLOC_FL_PUNCH_HOLE = 2;

    /** mmap: may be read. */
    public static final int PROT_READ = 1;
    /** mmap: may be written. */
    public static final int PROT_WRITE = 2;
    /** mmap: may be executed. */
    static final int PROT_EXEC = 4;
    /** mmap: writes are private to this process. */
    static final int MAP_PRIVATE = 2;
    /** mmap: no file. */
    static final int MAP_ANONYMOUS = 0x20;
    /** mmap: fills the page tables at once. */
    public static final int MAP_POPULATE = 0x8000;
    /** mmap: writes reach the file. */
    public static final int MAP_SHARED = 1;

    /** eventfd: closed by exec. */
    public static final int EFD_CLOEXEC = O_CLOEXEC;
    /** eventfd: calls return EAGAIN instead of blocking. */
    public static final int EFD_NONBLOCK = O_NONBLOCK;

    /** Address family of Unix sockets. */
    public static final int AF_UNIX = 1;
    /** Address family of IPv4. */
    public static final int AF_INET = 2;
    /** Address family of IPv6. */
    public static final int AF_INET6 = 10;
    /** Address family of frames on an interface. */
    public static final int AF_PACKET = 17;
    /** Address family of frames in memory that is shared with the kernel. */
    public static final int AF_XDP = 44;
    /** socket: frames with their Ethernet header. */
    public static final int SOCK_RAW = 3;
    /** Byte stream. */
    public static final int SOCK_STREAM = 1;
    /** socket: datagrams. */
    public static final int SOCK_DGRAM = 2;
    /** Socket type flag: calls return EAGAIN instead of blocking. */
    public static final int SOCK_NONBLOCK = O_NONBLOCK;
    /** Socket type flag: closed by exec. */
    public static final int SOCK_CLOEXEC = O_CLOEXEC;
    /** Level of the socket options below. */
    public static final int SOL_SOCKET = 1;
    /** Option: the socket's type. */
    public static final int SO_TYPE = 3;
    /** Option: size of the send buffer in bytes. */
    public static final int SO_SNDBUF = 7;
    /** Option: size of the receive buffer in bytes. */
    public static final int SO_RCVBUF = 8;
    /** Option: each message carries the process, user and group of its sender. */
    public static final int SO_PASSCRED = 16;
    /** Option: process, user and group that created the peer socket. */
    public static final int SO_PEERCRED = 17;
    /** Option: whether the socket listens. */
    public static final int SO_ACCEPTCONN = 30;
    /** Option: the socket's address family. */
    public static final int SO_DOMAIN = 39;
    /** Control message that carries descriptors. */
    public static final int SCM_RIGHTS = 1;
    /** Control message that carries the sender's credentials. */
    public static final int SCM_CREDENTIALS = 2;
    /** recvmsg result flag: control data did not fit. */
    public static final int MSG_CTRUNC = 8;
    /** sendmsg, recvmsg: return EAGAIN instead of blocking. */
    public static final int MSG_DONTWAIT = 0x40;
    /** sendmsg: return EPIPE instead of raising SIGPIPE. */
    public static final int MSG_NOSIGNAL = 0x4000;
    /** shutdown: ends both directions. */
    public static final int SHUT_RDWR = 2;
    /** preadv2: returns EAGAIN instead of blocking, regardless of the descriptor's flags. */
    public static final int RWF_NOWAIT = 8;
    /** poll: there is something to read, or a connection to accept. */
    public static final int POLLIN = 1;
    /** poll: writing would not block. */
    public static final int POLLOUT = 4;
    /** Received descriptors are closed by exec. */
    public static final int MSG_CMSG_CLOEXEC = 0x40000000;

    private LibC() {}

    /** The native methods. JNA binds methods by name, so they have the names of the C library. */
    private static final class C {
        static {
            // Every JVM process has the C library loaded.
            Native.register(C.class, NativeLibrary.getProcess());
        }

        static native int open(String path, int flags, int mode);

        static native int close(int fd);

        static native int unsetenv(String name);

        static native int unlink(String path);

        static native int mkfifo(String path, int mode);

        static native int rename(String from, String to);

        static native long read(int fd, long address, long bytes);

        static native long write(int fd, long address, long bytes);

        static native int ioctl(int fd, long request, long argument);

        static native int fcntl(int fd, int command, long argument);

        static native int fstat(int fd, long stat);

        static native int ftruncate(int fd, long size);

        static native int fallocate(int fd, int mode, long offset, long length);

        static native int getpagesize();

        static native int memfd_create(String name, int flags);

        static native long mmap(long address, long length, int protection, int flags, int fd, long offset);

        static native int munmap(long address, long length);

        static native int eventfd(int initial, int flags);

        static native int socket(int family, int type, int protocol);

        static native int socketpair(int family, int type, int protocol, long pair);

        static native int pipe2(long pair, int flags);

        static native int bind(int fd, long address, int length);

        static native int listen(int fd, int backlog);

        static native int accept4(int fd, long address, long length, int flags);

        static native int connect(int fd, long address, int length);

        static native int getsockopt(int fd, int level, int option, long value, long length);

        static native int getsockname(int fd, long address, long length);

        static native int setsockopt(int fd, int level, int option, long value, int length);

        static native long recvmsg(int fd, long message, int flags);

        static native long sendmsg(int fd, long message, int flags);

        static native int poll(long fds, long count, int timeoutMillis);

        static native int mprotect(long address, long length, int protection);

        static native int sigaction(int signal, long action, long before);

        static native int kill(int process, int signal);

        static native int shutdown(int fd, int how);

        static native long preadv2(int fd, long vector, int count, long offset, int flags);

        static native long syscall(long number, long first, long second, long third, long fourth);

        static native String strerror(int errno);
    }

    /**
     * Calls unsetenv(3): programs that are started later do not get the variable. The environment that the JVM has read
     * at its start does not change.
     *
     * @param name name of the variable
     */
    static void unsetenv(String name) {
        int unused = C.unsetenv(name);
    }

    private static int result(long value) {
        return value == -1 ? -Native.getLastError() : (int) value;
    }

    /**
     * Calls open(2).
     *
     * @param path path to open
     * @param flags {@code O_} flags
     * @return the descriptor or the negative errno
     */
    public static int open(String path, int flags) {
        return result(C.open(path, flags, 0));
    }

    /**
     * Calls open(2) for a file that is created if necessary, with mode 0600.
     *
     * @param path path to open
     * @param flags {@code O_} flags
     * @return the descriptor or the negative errno
     */
    static int create(String path, int flags) {
        return result(C.open(path, flags | O_CREAT, 0600));
    }

    /**
     * Calls open(2) to create a new file for writing, readable and writable for its owner only. Links are not followed.
     *
     * @param path path to create
     * @return the descriptor or the negative errno
     */
    public static int createNew(String path) {
        return create(path, O_WRONLY | O_EXCL | O_NOFOLLOW | O_CLOEXEC);
    }

    /**
     * Calls mkfifo(3) with access for the owner only.
     *
     * @param path path to create
     * @return 0 or the negative errno
     */
    public static int mkfifo(String path) {
        return result(C.mkfifo(path, 0600));
    }

    /**
     * Calls unlink(2).
     *
     * @param path path of a file that is not a directory
     * @return 0 or the negative errno
     */
    static int unlink(String path) {
        return result(C.unlink(path));
    }

    /**
     * Calls rename(2), which replaces an existing file of the new name.
     *
     * @param from the current name
     * @param to the new name
     * @return 0 or the negative errno
     */
    static int rename(String from, String to) {
        return result(C.rename(from, to));
    }

    /**
     * Calls close(2). The descriptor is closed even if an error is returned; see {@link Fd}.
     *
     * @param fd the descriptor
     * @return 0 or the negative errno
     */
    public static int close(int fd) {
        return result(C.close(fd));
    }

    /**
     * Calls read(2).
     *
     * @param fd the descriptor
     * @param address address of the buffer
     * @param bytes maximum number of bytes
     * @return bytes read, 0 at the end of the file, or the negative errno
     */
    public static int read(int fd, long address, int bytes) {
        return result(C.read(fd, address, bytes));
    }

    /**
     * Calls write(2). The JVM ignores SIGPIPE: for a pipe without a reader it returns EPIPE.
     *
     * @param fd the descriptor
     * @param address address of the first byte
     * @param bytes the number of bytes
     * @return bytes written, possibly fewer, or the negative errno
     */
    public static int write(int fd, long address, int bytes) {
        return result(C.write(fd, address, bytes));
    }

    /**
     * Calls ioctl(2).
     *
     * @param fd the descriptor
     * @param request number of the request
     * @param argument a number, or the address of the argument
     * @return the request's result, at least 0, or the negative errno
     */
    public static int ioctl(int fd, long request, long argument) {
        return result(C.ioctl(fd, request, argument));
    }

    /**
     * Calls fcntl(2).
     *
     * @param fd the descriptor
     * @param command an {@code F_} command
     * @param argument argument of the command
     * @return result of the command or the negative errno
     */
    public static int fcntl(int fd, int command, long argument) {
        return result(C.fcntl(fd, command, argument));
    }

    /**
     * Calls fstat(2).
     *
     * @param fd the descriptor
     * @param stat address of a {@code struct stat}, 144 bytes
     * @return 0 or the negative errno
     */
    public static int fstat(int fd, long stat) {
        return result(C.fstat(fd, stat));
    }

    /**
     * Calls ftruncate(2).
     *
     * @param fd the descriptor
     * @param size the file's new size in bytes
     * @return 0 or the negative errno
     */
    public static int ftruncate(int fd, long size) {
        return result(C.ftruncate(fd, size));
    }

    /**
     * Calls fallocate(2).
     *
     * @param fd the descriptor
     * @param mode {@code FALLOC_FL_} flags
     * @param offset offset of the first byte
     * @param length number of bytes
     * @return 0 or the negative errno
     */
    public static int fallocate(int fd, int mode, long offset, long length) {
        return result(C.fallocate(fd, mode, offset, length));
    }

    /**
     * Calls getpagesize(2).
     *
     * @return the size of the kernel's pages in bytes
     */
    public static int pageSize() {
        return C.getpagesize();
    }

    /**
     * Calls memfd_create(2).
     *
     * @param name shown in /proc
     * @param flags {@code MFD_} flags
     * @return the descriptor or the negative errno
     */
    public static int memfdCreate(String name, int flags) {
        return result(C.memfd_create(name, flags));
    }

    /**
     * Calls mmap(2); the kernel chooses the address.
     *
     * @param length number of bytes
     * @param protection {@code PROT_} flags
     * @param flags {@code MAP_} flags
     * @param fd the file
     * @param offset offset in the file, a multiple of its page size
     * @return the address, or the negative errno (no address is negative)
     */
    public static long mmap(long length, int protection, int flags, int fd, long offset) {
        long address = C.mmap(0, length, protection, flags, fd, offset);
        return address == -1 ? -Native.getLastError() : address;
    }

    /**
     * Calls munmap(2).
     *
     * @param address address that mmap returned
     * @param length length that was passed to mmap, in bytes
     * @return 0 or the negative errno
     */
    public static int munmap(long address, long length) {
        return result(C.munmap(address, length));
    }

    /**
     * Calls eventfd(2).
     *
     * @param initial the counter's first value
     * @param flags {@code EFD_} flags
     * @return the descriptor or the negative errno
     */
    public static int eventfd(int initial, int flags) {
        return result(C.eventfd(initial, flags));
    }

    /**
     * Calls socket(2) with AF_UNIX and SOCK_STREAM.
     *
     * @param flags {@code SOCK_NONBLOCK}, {@code SOCK_CLOEXEC}
     * @return the descriptor or the negative errno
     */
    public static int unixStreamSocket(int flags) {
        return result(C.socket(AF_UNIX, SOCK_STREAM | flags, 0));
    }

    /**
     * Calls socket(2) with AF_UNIX and SOCK_DGRAM.
     *
     * @param flags {@code SOCK_NONBLOCK}, {@code SOCK_CLOEXEC}
     * @return the descriptor or the negative errno
     */
    static int unixDatagramSocket(int flags) {
        return result(C.socket(AF_UNIX, SOCK_DGRAM | flags, 0));
    }

    /**
     * Calls socket(2).
     *
     * @param family such as {@link #AF_PACKET}
     * @param type such as {@link #SOCK_RAW}, with {@code SOCK_NONBLOCK} and {@code SOCK_CLOEXEC}
     * @param protocol protocol of the family, 0 for the default
     * @return the descriptor or the negative errno
     */
    public static int socket(int family, int type, int protocol) {
        return result(C.socket(family, type, protocol));
    }

    /**
     * Calls socketpair(2) for two Unix streams.
     *
     * @param flags {@code SOCK_NONBLOCK}, {@code SOCK_CLOEXEC}
     * @param pair address of two ints for the descriptors
     * @return 0 or the negative errno
     */
    public static int unixStreamPair(int flags, long pair) {
        return result(C.socketpair(AF_UNIX, SOCK_STREAM | flags, 0, pair));
    }

    /**
     * Calls pipe2(2).
     *
     * @param pair address of two ints for the descriptors: the read end, then the write end
     * @param flags {@code O_CLOEXEC}, {@code O_NONBLOCK}
     * @return 0 or the negative errno
     */
    public static int pipe(long pair, int flags) {
        return result(C.pipe2(pair, flags));
    }

    /**
     * Calls bind(2).
     *
     * @param fd the socket
     * @param address address of a socket address
     * @param length its length in bytes
     * @return 0 or the negative errno
     */
    public static int bind(int fd, long address, int length) {
        return result(C.bind(fd, address, length));
    }

    /**
     * Calls listen(2).
     *
     * @param fd the socket
     * @param backlog maximum number of waiting connections
     * @return 0 or the negative errno
     */
    public static int listen(int fd, int backlog) {
        return result(C.listen(fd, backlog));
    }

    /**
     * Calls accept4(2) without the peer's address.
     *
     * @param fd the listening socket
     * @param flags {@code SOCK_NONBLOCK}, {@code SOCK_CLOEXEC}
     * @return the connection's descriptor or the negative errno
     */
    public static int accept(int fd, int flags) {
        return result(C.accept4(fd, 0, 0, flags));
    }

    /**
     * Calls connect(2).
     *
     * @param fd the socket
     * @param address address of a socket address
     * @param length its length in bytes
     * @return 0 or the negative errno
     */
    public static int connect(int fd, long address, int length) {
        return result(C.connect(fd, address, length));
    }

    /**
     * Calls getsockopt(2) at SOL_SOCKET.
     *
     * @param fd the socket
     * @param option an {@code SO_} option
     * @param value address of the value
     * @param length address of an int with the size of the buffer for the value in bytes
     * @return 0 or the negative errno
     */
    public static int getsockopt(int fd, int option, long value, long length) {
        return getsockopt(fd, SOL_SOCKET, option, value, length);
    }

    /**
     * Calls getsockopt(2).
     *
     * @param fd the socket
     * @param level level of the option
     * @param option number of the option
     * @param value address of the value
     * @param length address of an int with the size of the buffer for the value in bytes
     * @return 0 or the negative errno
     */
    public static int getsockopt(int fd, int level, int option, long value, long length) {
        return result(C.getsockopt(fd, level, option, value, length));
    }

    /**
     * Calls getsockname(2).
     *
     * @param fd the socket
     * @param address room for its address
     * @param length address of an int that holds the room in bytes, and afterwards the length of the socket's address
     * @return 0 or the negative errno
     */
    public static int getsockname(int fd, long address, long length) {
        return result(C.getsockname(fd, address, length));
    }

    /**
     * Calls setsockopt(2) at SOL_SOCKET.
     *
     * @param fd the socket
     * @param option an {@code SO_} option
     * @param value address of the value
     * @param length its length in bytes
     * @return 0 or the negative errno
     */
    public static int setsockopt(int fd, int option, long value, int length) {
        return result(C.setsockopt(fd, SOL_SOCKET, option, value, length));
    }

    /**
     * Calls setsockopt(2) at any level.
     *
     * @param fd the socket
     * @param level level of the option
     * @param option number of the option
     * @param value address of the value
     * @param length its length in bytes
     * @return 0 or the negative errno
     */
    public static int setsockopt(int fd, int level, int option, long value, int length) {
        return result(C.setsockopt(fd, level, option, value, length));
    }

    /**
     * Calls recvmsg(2).
     *
     * @param fd the socket
     * @param message address of a {@code struct msghdr}
     * @param flags {@code MSG_} flags
     * @return bytes received, 0 at the end of the stream, or the negative errno
     */
    public static int recvmsg(int fd, long message, int flags) {
        return result(C.recvmsg(fd, message, flags));
    }

    /**
     * Calls sendmsg(2).
     *
     * @param fd the socket
     * @param message address of a {@code struct msghdr}
     * @param flags {@code MSG_} flags
     * @return bytes sent, possibly fewer than requested, or the negative errno
     */
    public static int sendmsg(int fd, long message, int flags) {
        return result(C.sendmsg(fd, message, flags));
    }

    /**
     * Calls mprotect(2).
     *
     * @param address address of a page
     * @param length number of bytes
     * @param protection {@code PROT_} flags
     * @return 0 or the negative errno
     */
    static int mprotect(long address, long length, int protection) {
        return result(C.mprotect(address, length, protection));
    }

    /**
     * Calls sigaction(2).
     *
     * @param signal signal number
     * @param action address of a {@code struct sigaction}, or 0
     * @param before address of a second {@code struct sigaction}, which receives the previous action, or 0
     * @return 0 or the negative errno
     */
    static int sigaction(int signal, long action, long before) {
        return result(C.sigaction(signal, action, before));
    }

    /**
     * Calls shutdown(2).
     *
     * @param fd a socket
     * @param how direction, such as {@link #SHUT_RDWR}
     * @return 0 or the negative errno
     */
    public static int shutdown(int fd, int how) {
        return result(C.shutdown(fd, how));
    }

    /**
     * Calls preadv2(2).
     *
     * @param fd the descriptor
     * @param vector address of {@code struct iovec}s
     * @param count number of structures
     * @param offset offset in the file, or -1 for the current one
     * @param flags such as {@link #RWF_NOWAIT}
     * @return bytes read, or the negative errno
     */
    public static int preadv2(int fd, long vector, int count, long offset, int flags) {
        return result(C.preadv2(fd, vector, count, offset, flags));
    }

    /**
     * Calls poll(2), for code that waits with a deadline; lanes use epoll.
     *
     * @param fds address of an array of {@code struct pollfd}
     * @param count number of entries
     * @param timeoutMillis maximum time to wait in milliseconds; negative waits forever
     * @return the number of entries with events, 0 when the time has passed, or the negative errno
     */
    public static int poll(long fds, int count, int timeoutMillis) {
        return result(C.poll(fds, count, timeoutMillis));
    }

    /**
     * Calls kill(2).
     *
     * @param process process ID
     * @param signal signal number; 0 only checks whether the process exists
     * @return 0 or the negative errno
     */
    public static int kill(long process, int signal) {
        return result(C.kill(Math.toIntExact(process), signal));
    }

    /**
     * Calls syscall(2), for system calls without a function in the C library.
     *
     * @param number the call's number on this architecture
     * @param first first argument
     * @param second second argument
     * @param third third argument
     * @return the result, an int, or the negative errno
     */
    public static int syscall(long number, long first, long second, long third) {
        return syscall(number, first, second, third, 0);
    }

    /**
     * Calls syscall(2) with four arguments.
     *
     * @param number the call's number on this architecture
     * @param first first argument
     * @param second second argument
     * @param third third argument
     * @param fourth fourth argument
     * @return the result, an int, or the negative errno
     */
    static int syscall(long number, long first, long second, long third, long fourth) {
        return result(C.syscall(number, first, second, third, fourth));
    }

    /**
     * Calls strerror(3).
     *
     * @param errno a positive error number
     * @return the C library's text for it
     */
    static String strerror(int errno) {
        return C.strerror(errno);
    }
}
