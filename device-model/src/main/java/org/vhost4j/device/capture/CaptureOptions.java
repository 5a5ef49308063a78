// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.capture;

import java.nio.file.Path;

/**
 * The options of a capture: the frames that it records, and the file to which it writes them.
 *
 * @param path absolute path of the file, or of a FIFO that has a reader
 * @param filter expression of {@link CaptureFilter}; empty for all frames
 * @param snapLength maximum number of bytes recorded of a frame, 14 to {@value #WHOLE}
 * @param segmented whether super-frames are recorded as segments, and checksums completed
 * @param fileBytes size in bytes at which the next file of a ring of files begins, {@value #LEAST_FILE} or more; 0 for
 *     a single file
 * @param files maximum number of files to keep; 0 to keep all
 * @param bufferBytes size in bytes of each lane's buffer for copied frames that are not written yet; {@link
 *     CaptureRing#MIN_BYTES} to {@link CaptureRing#MAX_BYTES}
 */
public record CaptureOptions(
        Path path, String filter, int snapLength, boolean segmented, long fileBytes, int files, int bufferBytes) {
    /** A snap length that does not truncate any frame. */
    public static final int WHOLE = 262_144;
    /** The minimum size of a file of a ring in bytes. */
    public static final long LEAST_FILE = 65_536;
    /** The default size of a buffer in bytes. */
    public static final int BUFFER = 8 << 20;

    private static final int LEAST_SNAP = 14;
    private static final int MOST_FILES = 99_999;
    private static final int LONGEST_FILTER = 4096;

    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException when a value is out of its range; the message can be shown to the user
     */
    public CaptureOptions {
        if (!path.isAbsolute()) {
            throw new IllegalArgumentException("'" + path + "' is not an absolute path");
        }
        if (filter.length() > LONGEST_FILTER) {
            throw new IllegalArgumentException("a filter has up to " + LONGEST_FILTER + " characters");
        }
        if (snapLength < LEAST_SNAP || snapLength > WHOLE) {
            throw new IllegalArgumentException(
                    "a snap length is " + LEAST_SNAP + " to " + WHOLE + " bytes, not " + snapLength);
        }
        if (fileBytes != 0 && fileBytes < LEAST_FILE) {
            throw new IllegalArgumentException(
                    "a file of a ring has " + LEAST_FILE + " bytes or more, not " + fileBytes);
        }
        if (files < 0 || files > MOST_FILES || (files != 0 && fileBytes == 0)) {
            throw new IllegalArgumentException("a number of files, 1 to " + MOST_FILES + ", needs the size of a file");
        }
        if (bufferBytes < CaptureRing.MIN_BYTES || bufferBytes > CaptureRing.MAX_BYTES) {
            throw new IllegalArgumentException("a capture's buffer has " + CaptureRing.MIN_BYTES + " to "
                    + CaptureRing.MAX_BYTES + " bytes, not " + bufferBytes);
        }
    }

    /**
     * Returns the options of a capture of all frames, unchanged and at full length.
     *
     * @param path absolute path of the file, or of a FIFO that has a reader
     * @return the options
     */
    public static CaptureOptions of(Path path) {
        return new CaptureOptions(path, "", WHOLE, false, 0, 0, BUFFER);
    }
}
