// The last failure of this thread. NNAPI itself only returns codes and writes to Android's log; a tool that runs on the
// host looks up `passerelle_hostnn_last_error` and shows the sentence.
#pragma once

#include "status.h"

namespace passerelle::hostnn {

/// Keeps `status` as this thread's last failure, and writes it to stderr where PASSERELLE_HOSTNN_LOG=1.
/// Returns its code. `function` is the C function that failed.
int report(const char* function, const Status& status);

}  // namespace passerelle::hostnn

/// The sentence of this thread's last failure, "" before the first. Valid until the thread's next call.
extern "C" const char* passerelle_hostnn_last_error();
