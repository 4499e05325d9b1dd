// Structure-aware mutation of .nnapi files, for fuzzers and tests: what comes out is sealed again, or no mutation would
// get past the digest; and mostly kept consistent elsewhere, so that the checks behind the first one are met too.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

namespace passerelle::blob_test {

using Random = std::minstd_rand;

/// Changes one to four things of what the head says: a count, an offset, a size, a type, a reference, a string, a table
/// more or less; now and then also the length of the file. False where the head is no FlatBuffer of the schema (the
/// file is as it was).
bool mutate_model(std::vector<unsigned char>& file, Random& random);

/// Changes one to four words of the head, whatever they are: FlatBuffers' own offsets and counts among them. False
/// where there is no head.
bool mutate_words(std::vector<unsigned char>& file, Random& random);

/// Writes the head's digest anew, where there is a head.
void seal(unsigned char* file, size_t size);

}  // namespace passerelle::blob_test
