// libFuzzer's mutator for .nnapi files: half of the time tables of the head, else words of it, or libFuzzer's own
// mutations (with its dictionary) of the head's bytes; sealed again, but for a few.
#include <algorithm>
#include <cstring>

#include "mutation.h"
#include "passerelle/blob/view.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace {

using namespace passerelle;

/// The weights are most of a file and nothing is decided by them, so they are left alone.
size_t mutate_bytes(uint8_t* data, size_t size, size_t max_size) {
  const auto head = blob::head_size(data, size);
  if (!head || *head > size) return LLVMFuzzerMutate(data, size, max_size);
  LLVMFuzzerMutate(data, static_cast<size_t>(*head), static_cast<size_t>(*head));
  return size;
}

}  // namespace

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed) {
  blob_test::Random random(seed);
  const auto kind = random() % 16;
  if (kind < 12) {
    std::vector<unsigned char> file(data, data + size);
    const bool done = kind < 8 ? blob_test::mutate_model(file, random) : blob_test::mutate_words(file, random);
    if (done && file.size() <= max_size) {
      std::copy(file.begin(), file.end(), data);
      return file.size();
    }
  }
  const size_t mutated = kind == 15 ? LLVMFuzzerMutate(data, size, max_size) : mutate_bytes(data, size, max_size);
  if (random() % 64 != 0) blob_test::seal(data, mutated);
  return mutated;
}
