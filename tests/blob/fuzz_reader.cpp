// libFuzzer: any bytes as a file's head. What is accepted must be walkable from end to end.
//
//     cmake -S . -B build/fuzz -G Ninja -DCMAKE_CXX_COMPILER=clang++ -DPASSERELLE_FUZZ=ON && ninja -C build/fuzz
//     fuzz_reader blob_seeds && build/fuzz/bin/blob_seeds corpus && build/fuzz/bin/fuzz_reader corpus
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "passerelle/blob/file.h"
#include "samples.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace passerelle;
  const auto file = blob::File::open({data, size});
  if (file) blob_test::walk(file->view());

  // Behind the digest, which no mutation gets past: the head alone, as if the file were as long as it says.
  const auto head_size = blob::head_size(data, size);
  if (!head_size || *head_size > size) return 0;
  std::unique_ptr<unsigned char[]> head(new unsigned char[*head_size]);
  std::memcpy(head.get(), data, *head_size);
  for (uint64_t file_size : {uint64_t{size}, uint64_t{1} << 40}) {
    const auto view = blob::View::parse({head.get(), *head_size}, file_size);
    if (view) blob_test::walk(*view);
  }
  return 0;
}
