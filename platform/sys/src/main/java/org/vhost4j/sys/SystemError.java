// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

/**
 * Thrown when a system call fails. The message is one sentence for the user: the failed operation, the error's name,
 * and the C library's text for it.
 */
public final class SystemError extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int errno;
    private final String sentence;

    /**
     * Creates an exception for a failed call.
     *
     * @param attempt failed operation, such as {@code cannot open /dev/net/tun}
     * @param errno the positive error number
     */
    public SystemError(String attempt, int errno) {
        this(errno, attempt + ": " + Errno.name(errno) + " (" + LibC.strerror(errno) + ")");
    }

    private SystemError(int errno, String sentence) {
        super(sentence);
        this.errno = errno;
        this.sentence = sentence;
    }

    /**
     * Creates an exception with a given message instead of the generated one.
     *
     * @param sentence description of the error and, where it helps, of the remedy
     * @param errno the positive error number of the cause
     * @return the exception, to be thrown
     */
    public static SystemError explained(String sentence, int errno) {
        return new SystemError(errno, sentence);
    }

    /**
     * Returns the result of a successful call; throws an exception for a failed one.
     *
     * @param result a result of {@link LibC} or {@link HotCalls}; a negative errno is a failure
     * @param attempt failed operation, for the message
     * @return the result, at least 0
     * @throws SystemError when the result is negative
     */
    public static int check(int result, String attempt) {
        if (result < 0) {
            throw new SystemError(attempt, -result);
        }
        return result;
    }

    /**
     * Returns the error number.
     *
     * @return a positive number, see {@link Errno}
     */
    public int errno() {
        return errno;
    }

    /**
     * Returns the description of the error.
     *
     * @return one sentence for the user
     */
    @Override
    public String getMessage() {
        return sentence;
    }
}
