// Reports of files that somebody damaged with a purpose: whatever the reader accepts must be printable from end to end.
#include <algorithm>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>

#include "../blob/samples.h"
#include "catch.h"
#include "passerelle/blob/file.h"
#include "passerelle/report/file_report.h"
#include "passerelle/report/picture.h"
#include "passerelle/report/table.h"

using namespace passerelle;
using Catch::Matchers::ContainsSubstring;

namespace {

/// Every report of the file, where its head is accepted. A copy of exactly the head's size: a sanitizer sees each read
/// behind it.
bool reports(const std::vector<unsigned char>& file, size_t head_size) {
  std::unique_ptr<unsigned char[]> head(new unsigned char[head_size]);
  std::memcpy(head.get(), file.data(), head_size);
  auto view = blob::View::parse({head.get(), head_size}, file.size());
  if (!view) return false;
  nlohmann::ordered_json json = report::file_json(report::file_report("file", *view));
  CHECK(json["operations"].size() == view->operation_count());
  CHECK(json["operands"].size() == view->operand_count());
  CHECK_FALSE(json.dump().empty());
  CHECK_FALSE(report::file_text(report::file_report("file", *view), true).empty());
  CHECK_FALSE(report::file_html(report::file_report("file", *view)).empty());
  CHECK_FALSE(report::dot("file", report::picture_of(*view)).empty());
  return true;
}

}  // namespace

TEST_CASE("a sound file's report has everything in it") {
  std::vector<unsigned char> file = blob_test::written(blob_test::rich_graph());
  size_t head_size = blob_test::head_size(file);
  REQUIRE(reports(file, head_size));
  auto view = blob::View::parse({file.data(), head_size}, file.size());
  REQUIRE(view);
  nlohmann::ordered_json json = report::file_json(report::file_report("file", *view));
  size_t counted = 0, transposes = 0;
  for (const auto& [name, count] : json["operation_counts"].items()) counted += count.get<size_t>();
  for (const auto& operation : json["operations"]) transposes += operation["name"] == "TRANSPOSE";
  CHECK(counted == view->operation_count());
  CHECK(json["transposes"] == transposes);
  CHECK(json["inputs"].size() == view->input_count());
  CHECK(json["outputs"].size() == view->output_count());
  std::string text = report::file_text(report::file_report("file", *view), true);
  for (const auto& operation : json["operations"])
    CHECK_THAT(text, ContainsSubstring(operation["name"].get<std::string>()));
}

TEST_CASE("flipped bits, extremes and exchanged numbers: what is accepted can be reported") {
  const std::vector<unsigned char> file = blob_test::written(blob_test::rich_graph());
  const size_t head_size = blob_test::head_size(file);
  std::mt19937 random(41);
  const uint32_t extremes[] = {0, 1, 0x7f, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 0x7fc00000};
  int accepted = 0;
  const int rounds = 20000;
  for (int round = 0; round < rounds; ++round) {
    std::vector<unsigned char> altered = file;
    for (uint32_t change = random() % 3 + 1; change > 0; --change) {
      size_t at = random() % head_size;
      if (random() % 2 == 0)
        altered[at] ^= static_cast<unsigned char>(1u << random() % 8);
      else
        std::memcpy(&altered[at & ~size_t{3}], &extremes[random() % std::size(extremes)],
                    std::min<size_t>(4, head_size - (at & ~size_t{3})));
    }
    accepted += reports(altered, head_size);
  }
  CHECK(accepted > 0);
  CHECK(accepted < rounds);
}

TEST_CASE("operations of branches and loops are told behind their IF or WHILE") {
  const std::vector<unsigned char> bytes = blob_test::written(blob_test::branching_module());
  const auto file = blob::File::open({bytes.data(), bytes.size()});
  REQUIRE(file);
  const report::FileReport report = report::file_report("branching.nnapi", file->view());
  CHECK(report.own_operations == 2);
  CHECK(report.operations.size() == 7);
  CHECK_THAT(report::file_text(report, true), ContainsSubstring("  then: RELU"));
}
