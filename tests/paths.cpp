#include "paths.h"

namespace passerelle::testing {

const char* source_directory() { return PASSERELLE_SOURCE_DIR; }
const char* binary_directory() { return PASSERELLE_BINARY_DIR; }

}  // namespace passerelle::testing
