// What passerelle-run does.
#pragma once

#include "options.h"
#include "report.h"

namespace passerelle::runner {

/// Errors: as passerelle's exit statuses name them.
Expected<Report> run(const Options& options);

}  // namespace passerelle::runner
