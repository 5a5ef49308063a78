// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

/** Error numbers of Linux (uapi/asm-generic/errno.h, the same on x86-64 and aarch64), positive, and their names. */
public final class Errno {
    /** Operation not permitted. */
    public static final int EPERM = 1;
    /** No such file or directory. */
    public static final int ENOENT = 2;
    /** No such process. */
    public static final int ESRCH = 3;
    /** Interrupted by a signal. */
    public static final int EINTR = 4;
    /** Input/output error; returned by a TAP that is down. */
    public static final int EIO = 5;
    /** No such device or address. */
    public static final int ENXIO = 6;
    /** The descriptor is not open. */
    public static final int EBADF = 9;
    /** Resource temporarily unavailable. */
    public static final int EAGAIN = 11;
    /** Out of memory. */
    public static final int ENOMEM = 12;
    /** Permission denied. */
    public static final int EACCES = 13;
    /** An address that is not mapped. */
    public static final int EFAULT = 14;
    /** Device or resource busy. */
    public static final int EBUSY = 16;
    /** The file exists already. */
    public static final int EEXIST = 17;
    /** No such device. */
    public static final int ENODEV = 19;
    /** Invalid argument. */
    public static final int EINVAL = 22;
    /** Too many open files in the system. */
    public static final int ENFILE = 23;
    /** Too many open files in this process. */
    public static final int EMFILE = 24;
    /** The device does not support this request. */
    public static final int ENOTTY = 25;
    /** No buffer space available. */
    public static final int ENOBUFS = 105;
    /** Broken pipe: no reader is left. */
    public static final int EPIPE = 32;
    /** Argument list too long; a TAP returns it when it has no queue left. */
    public static final int E2BIG = 7;
    /** The descriptor has lost its object, such as a TAP whose interface was removed. */
    public static final int EBADFD = 77;
    /** The message is too long. */
    public static final int EMSGSIZE = 90;
    /** The socket, or the device behind it, has no such operation. */
    public static final int EOPNOTSUPP = 95;
    /** The kernel has no such address family. */
    public static final int EAFNOSUPPORT = 97;
    /** The interface is down. */
    public static final int ENETDOWN = 100;
    /** The address is in use. */
    public static final int EADDRINUSE = 98;
    /** The connection was aborted before it was accepted. */
    public static final int ECONNABORTED = 103;
    /** The peer reset the connection. */
    public static final int ECONNRESET = 104;
    /** Connection refused: no listener. */
    public static final int ECONNREFUSED = 111;

    /** One more than the largest error number. */
    public static final int LIMIT = 134;

    private static final String[] NAMES =
            ("- EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD EAGAIN ENOMEM EACCES"
                            + " EFAULT ENOTBLK EBUSY EEXIST EXDEV ENODEV ENOTDIR EISDIR EINVAL ENFILE EMFILE ENOTTY ETXTBSY EFBIG ENOSPC"
                            + " ESPIPE EROFS EMLINK EPIPE EDOM ERANGE EDEADLK ENAMETOOLONG ENOLCK ENOSYS ENOTEMPTY ELOOP - ENOMSG EIDRM"
                            + " ECHRNG EL2NSYNC EL3HLT EL3RST ELNRNG EUNATCH ENOCSI EL2HLT EBADE EBADR EXFULL ENOANO EBADRQC EBADSLT - EBFONT"
                            + " ENOSTR ENODATA ETIME ENOSR ENONET ENOPKG EREMOTE ENOLINK EADV ESRMNT ECOMM EPROTO EMULTIHOP EDOTDOT EBADMSG"
                            + " EOVERFLOW ENOTUNIQ EBADFD EREMCHG ELIBACC ELIBBAD ELIBSCN ELIBMAX ELIBEXEC EILSEQ ERESTART ESTRPIPE EUSERS"
                            + " ENOTSOCK EDESTADDRREQ EMSGSIZE EPROTOTYPE ENOPROTOOPT EPROTONOSUPPORT ESOCKTNOSUPPORT EOPNOTSUPP"
                            + " EPFNOSUPPORT EAFNOSUPPORT EADDRINUSE EADDRNOTAVAIL ENETDOWN ENETUNREACH ENETRESET ECONNABORTED ECONNRESET"
                            + " ENOBUFS EISCONN ENOTCONN ESHUTDOWN ETOOMANYREFS ETIMEDOUT ECONNREFUSED EHOSTDOWN EHOSTUNREACH EALREADY"
                            + " EINPROGRESS ESTALE EUCLEAN ENOTNAM ENAVAIL EISNAM EREMOTEIO EDQUOT ENOMEDIUM EMEDIUMTYPE ECANCELED ENOKEY"
                            + " EKEYEXPIRED EKEYREVOKED EKEYREJECTED EOWNERDEAD ENOTRECOVERABLE ERFKILL EHWPOISON")
                    .split(" ", -1);

    private Errno() {}

    /**
     * Returns the symbol of an error number.
     *
     * @param errno a positive error number
     * @return name such as {@code EACCES}; {@code errno N} for a number that has no name
     */
    public static String name(int errno) {
        return errno > 0 && errno < NAMES.length && !NAMES[errno].equals("-") ? NAMES[errno] : "errno " + errno;
    }
}
