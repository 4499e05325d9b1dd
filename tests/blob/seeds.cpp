// Writes small files of all kinds into a folder: a fuzzer's first inputs.
#include <sys/stat.h>

#include <cstdio>
#include <string>

#include "samples.h"

int main(int count, char** arguments) {
  using namespace passerelle;
  if (count != 2) return 2;
  const std::string folder = arguments[1];
  ::mkdir(folder.c_str(), 0777);
  blob::WriteOptions stripped = blob_test::options();
  stripped.strip_origins = true;
  const bool done = blob::write(blob_test::rich_graph(), blob_test::options(), folder + "/rich.nnapi") &&
                    blob::write(blob_test::branching_module(), blob_test::options(), folder + "/branching.nnapi") &&
                    blob::write(blob_test::rich_graph(), stripped, folder + "/stripped.nnapi") &&
                    blob::write(blob_test::sum_graph({blob_test::counting({3})}), stripped, folder + "/small.nnapi");
  return done ? 0 : 7;
}
