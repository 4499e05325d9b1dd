// Where the tests find the project's own files. In functions, so that no test's command line names a folder: compiled
// tests are then shared between clones by ccache.
#pragma once

namespace passerelle::testing {

const char* source_directory();
const char* binary_directory();

}  // namespace passerelle::testing
