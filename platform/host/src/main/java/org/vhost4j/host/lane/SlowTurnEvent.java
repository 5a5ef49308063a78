// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.lane;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Threshold;

/**
 * JDK Flight Recorder event for a slow turn of a lane. It includes the messages and tasks between this turn and the next one, but not
 * sleep.
 */
@Name("vhost4j.SlowTurn")
@Label("Slow Turn of a Lane")
@Description("All guests of the lane waited for as long as this took")
@Category("vhost4j")
@Threshold("10 ms")
@StackTrace(false)
@SuppressWarnings("unused") // The Flight Recorder reads the fields.
final class SlowTurnEvent extends Event {
    /** Used to check whether turns are recorded; never committed. */
    static final SlowTurnEvent ANY = new SlowTurnEvent();

    @Label("Lane")
    private String lane = "";

    @Label("Frames")
    @Description("Frames and control commands that were moved")
    private int work;

    /** Records that the turn has polled every pollable. */
    void polled(int done) {
        work = done;
    }

    /** Records the end of the turn. */
    void finish(String name) {
        end();
        if (shouldCommit()) {
            lane = name;
            commit();
        }
    }
}
