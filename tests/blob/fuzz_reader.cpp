// libFuzzer: any bytes as a file. What is accepted must be walkable from end to end. See tests/fuzz/run.sh.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>

#include "passerelle/blob/file.h"
#include "samples.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace passerelle;
  const auto file = blob::File::open({data, size});
  if (file) {
    blob_test::walk(file->view());
    (void)file->verify_weights();
  }

  // As if the file were as long as it says; a copy of exactly the head's size, so that reads behind it are seen.
  const auto head_size = blob::head_size(data, size);
  if (!head_size || *head_size > size) return 0;
  std::unique_ptr<unsigned char[]> head(new unsigned char[*head_size]);
  std::memcpy(head.get(), data, *head_size);
  const auto view = blob::View::parse({head.get(), *head_size}, uint64_t{1} << 40);
  if (view) blob_test::walk(*view);
  return 0;
}
