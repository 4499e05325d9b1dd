#include "passerelle/blob/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "catch.h"
#include "samples.h"
#include "temporary.h"

using namespace passerelle;
using namespace passerelle::blob_test;
using Catch::Matchers::ContainsSubstring;
using testing::TemporaryFile;

namespace {

blob::Failure failure_of(const std::vector<unsigned char>& bytes, std::string* message = nullptr) {
  blob::Failure failure = blob::Failure::none;
  const auto file = blob::File::open({bytes.data(), bytes.size()}, &failure);
  CHECK_FALSE(file);
  if (!file && message) *message = file.error().message;
  return failure;
}

}  // namespace

TEST_CASE("a file opens from a path, from a part of a descriptor's file, and from memory") {
  const auto bytes = written(rich_graph());
  const TemporaryFile plain(bytes);
  const auto by_path = blob::File::open(plain.path());
  REQUIRE(by_path);
  CHECK(by_path->verify_weights());

  std::vector<unsigned char> archive(123 + bytes.size() + 77, 'x');
  std::copy(bytes.begin(), bytes.end(), archive.begin() + 123);
  const TemporaryFile packed(archive);
  ::lseek(packed.descriptor(), 5, SEEK_SET);
  const auto by_descriptor = blob::File::open(packed.descriptor(), 123, bytes.size());
  REQUIRE(by_descriptor);
  CHECK(by_descriptor->offset() == 123);
  CHECK(by_descriptor->descriptor() != packed.descriptor());
  CHECK(by_descriptor->verify_weights());
  CHECK(::lseek(packed.descriptor(), 0, SEEK_CUR) == 5);

  const auto by_memory = blob::File::open({bytes.data(), bytes.size()});
  REQUIRE(by_memory);
  CHECK(by_memory->verify_weights());
  CHECK(by_memory->content_digest() == by_path->content_digest());
  CHECK(by_memory->content_digest() == by_descriptor->content_digest());
  CHECK(walk(by_memory->view()) == walk(by_descriptor->view()));
}

TEST_CASE("what the system refuses says so") {
  blob::Failure failure = blob::Failure::none;
  const auto missing = blob::File::open(std::string("/nonexistent/x.nnapi"), &failure);
  REQUIRE_FALSE(missing);
  CHECK(failure == blob::Failure::system);
  CHECK(missing.error().kind == ErrorKind::unreadable);
  CHECK_THAT(missing.error().message, ContainsSubstring("/nonexistent/x.nnapi") && ContainsSubstring("no such file"));
  const auto folder = blob::File::open(std::string("/tmp"), &failure);
  REQUIRE_FALSE(folder);
  CHECK_THAT(folder.error().message, ContainsSubstring("no regular file"));
  const auto closed = blob::File::open(-1, 0, 100, &failure);
  REQUIRE_FALSE(closed);
  CHECK(failure == blob::Failure::system);
}

TEST_CASE("a part that the file does not have is refused") {
  const auto bytes = written(rich_graph());
  const TemporaryFile file(bytes);
  for (uint64_t offset : {uint64_t{1}, uint64_t{bytes.size()}, UINT64_MAX}) {
    blob::Failure failure = blob::Failure::none;
    CHECK_FALSE(blob::File::open(file.descriptor(), offset, bytes.size(), &failure));
    CHECK(failure == blob::Failure::system);
  }
  CHECK_FALSE(blob::File::open(file.descriptor(), 0, bytes.size() - 1));
  CHECK_FALSE(blob::File::open(file.descriptor(), 0, UINT64_MAX));
}

TEST_CASE("other files are told from damaged ones and from newer ones") {
  const auto bytes = written(rich_graph());
  CHECK(failure_of({}) == blob::Failure::not_a_model);
  CHECK(failure_of(std::vector<unsigned char>(5000, 'a')) == blob::Failure::not_a_model);
  CHECK(failure_of({bytes.begin(), bytes.begin() + 100}) == blob::Failure::damaged);

  std::vector<unsigned char> altered = bytes;
  altered[head_size(bytes)] ^= 1;  // the digest itself
  std::string message;
  CHECK(failure_of(altered, &message) == blob::Failure::damaged);
  CHECK_THAT(message, ContainsSubstring("head was altered"));

  std::vector<unsigned char> longer = bytes;
  longer.push_back(0);
  CHECK(failure_of(longer, &message) == blob::Failure::damaged);
  CHECK_THAT(message, ContainsSubstring("bytes instead of"));
}

TEST_CASE("altered weights are found when asked for") {
  auto bytes = written(rich_graph());
  bytes.back() ^= 0x10;
  const auto file = blob::File::open({bytes.data(), bytes.size()});
  REQUIRE(file);
  blob::Failure failure = blob::Failure::none;
  const auto verified = file->verify_weights(&failure);
  REQUIRE_FALSE(verified);
  CHECK(failure == blob::Failure::damaged);
  CHECK_THAT(verified.error().message, ContainsSubstring("weights were altered"));
}

TEST_CASE("reading outside of the file is an error") {
  const auto bytes = written(rich_graph());
  const auto file = blob::File::open({bytes.data(), bytes.size()});
  REQUIRE(file);
  unsigned char byte;
  CHECK(file->read(bytes.size() - 1, &byte, 1));
  CHECK_FALSE(file->read(bytes.size(), &byte, 1));
  CHECK_FALSE(file->read(UINT64_MAX, &byte, 1));
}
