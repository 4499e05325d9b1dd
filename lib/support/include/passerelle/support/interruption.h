// How a program that writes files ends when somebody else ends it.
#pragma once

namespace passerelle {

/// From now on SIGHUP, SIGINT and SIGTERM, where they are not ignored, end the process only after the temporary files
/// that it has not committed (support/atomic_file.h) are gone; and what a limit on a file's size keeps from being
/// written is an error instead of a signal. To be called before the process has other threads: they inherit which
/// signals reach them. How a signal is handled is the process's own matter, so this is for programs, not for libraries.
void end_cleanly_on_signals();

}  // namespace passerelle
