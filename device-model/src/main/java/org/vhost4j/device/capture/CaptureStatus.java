// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.capture;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The progress of a capture.
 *
 * @param options what it was started with
 * @param file the file that is being written, or was written last
 * @param running whether frames are copied
 * @param failure why it ended, unless it was stopped
 * @param frames the number of frames or segments that were written
 * @param bytes the number of bytes of frames that were written
 * @param ports what each port has counted, in the order of the capture
 */
public record CaptureStatus(
        CaptureOptions options,
        Path file,
        boolean running,
        Optional<String> failure,
        long frames,
        long bytes,
        List<Port> ports) {
    /**
     * A captured port.
     *
     * @param name of the guest or port
     * @param seen frames that passed it
     * @param matched those that the filter wants
     * @param dropped frames or segments that did not fit into the buffer and are not in the file
     */
    public record Port(String name, long seen, long matched, long dropped) {}
}
