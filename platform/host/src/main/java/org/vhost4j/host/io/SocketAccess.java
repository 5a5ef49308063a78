// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.UserPrincipalNotFoundException;
import java.util.Locale;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.vhost4j.sys.Errno;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.LibC;
import org.vhost4j.sys.SystemError;

/**
 * The permissions of a Unix socket's file. Users with write permission may connect.
 *
 * @param mode the file's permissions, 0 to 0777, or {@link #UNCHANGED} to leave them to the umask
 * @param group the file's group, or null for that of the process
 */
public record SocketAccess(int mode, @Nullable GroupPrincipal group) {
    /** The mode that leaves the permissions to the umask. */
    public static final int UNCHANGED = -1;

    /** The system's defaults: with the usual umask only the owner may connect. */
    public static final SocketAccess DEFAULT = new SocketAccess(UNCHANGED, null);

    /** Mode when only a group is given: owner and group may connect. */
    private static final int WITH_GROUP = 0660;

    private static final Pattern MODE = Pattern.compile("0?[0-7]{3}");

    /** The type of a socket file, in the topmost bits of its mode. */
    private static final int S_IFSOCK = 0xc;

    /** Checks the permissions. */
    public SocketAccess {
        if (mode != UNCHANGED && (mode < 0 || mode > 0777)) {
            throw new IllegalArgumentException("permissions are 0 to 0777, not 0" + Integer.toOctalString(mode));
        }
    }

    /**
     * Parses permissions and a group. With a group alone its members may connect as well: the mode is 0660.
     *
     * @param mode three octal digits, optionally after a zero; null for none
     * @param group name or number of a group; null for none
     * @return the access
     * @throws IllegalArgumentException when one of them is invalid; the message is for the user
     */
    public static SocketAccess parse(@Nullable String mode, @Nullable String group) {
        if (mode != null && !MODE.matcher(mode).matches()) {
            throw new IllegalArgumentException("mode is three octal digits such as 0660, not " + mode);
        }
        GroupPrincipal principal = group == null ? null : group(group);
        if (mode != null) {
            return new SocketAccess(Integer.parseInt(mode, 8), principal);
        }
        return principal == null ? DEFAULT : new SocketAccess(WITH_GROUP, principal);
    }

    private static GroupPrincipal group(String name) {
        Path root = Path.of("/");
        try {
            return root.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByGroupName(name);
        } catch (UserPrincipalNotFoundException e) {
            throw new IllegalArgumentException("there is no group " + name + " on this host", e);
        } catch (IOException e) {
            throw new IllegalArgumentException("the group " + name + " cannot be looked up: " + e.getMessage(), e);
        }
    }

    /**
     * Applies the permissions to a socket's file. Call it before listen(2), when no process can connect yet. If another file has taken the
     * path, that file stays unchanged.
     *
     * @param path path of the file
     * @throws SystemError when the process has no permission to do so
     */
    public void apply(Path path) {
        if (mode == UNCHANGED && group == null) {
            return;
        }
        // Changes the opened file itself, because the path may lead to another file meanwhile.
        int opened = LibC.open(path.toString(), LibC.O_PATH | LibC.O_NOFOLLOW | LibC.O_CLOEXEC);
        try (Fd file = Fd.of(opened, "cannot open " + path)) {
            Path link = Path.of("/proc/self/fd/" + file.number());
            if ((int) Files.getAttribute(link, "unix:mode") >> 12 != S_IFSOCK) {
                throw SystemError.explained(path + " was replaced by another file", Errno.EINVAL);
            }
            if (group != null) {
                Objects.requireNonNull(Files.getFileAttributeView(link, PosixFileAttributeView.class))
                        .setGroup(group);
            }
            if (mode != UNCHANGED) {
                Files.setAttribute(link, "unix:mode", mode);
            }
        } catch (IOException e) {
            throw SystemError.explained(
                    "cannot give socket " + path + " the "
                            + (group == null ? "" : "group " + group.getName() + " and the ")
                            + "mode 0" + Integer.toOctalString(mode & 0777) + ": "
                            + "only root, or a member of the group, may",
                    Errno.EPERM);
        }
    }

    @Override
    public String toString() {
        return String.format(
                Locale.ROOT, "mode %s, group %s", mode == UNCHANGED ? "-" : Integer.toOctalString(mode), group);
    }
}
