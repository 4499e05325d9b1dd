#include "passerelle/blob/write.h"

#include <cstring>
#include <functional>

#include "head.h"
#include "passerelle/support/atomic_file.h"
#include "passerelle/support/check.h"

namespace passerelle::blob {
namespace {

/// Puts bytes at a place in the file; places that nothing is put to hold zeros.
using Sink = std::function<Expected<void>(uint64_t offset, const void* data, size_t size)>;

/// Everything that is known before the weights are read.
struct Plan {
  Head head;
  uint64_t head_size;  // without its digest
  std::vector<WindowFacts> windows;
  uint64_t file_size;
};

uint64_t begin_of(const WindowFacts& window) { return uint64_t{window.page} * window_alignment; }

Expected<Plan> make_plan(const graph::Module& module, const WriteOptions& options) {
  auto made = Head::make(module, options);
  if (!made) return made.error();
  Plan plan{std::move(*made), 0, {}, 0};
  const std::vector<WindowPlan>& windows = plan.head.constants().windows();
  // The head's size depends on how many windows there are, not on where they start.
  plan.windows.resize(windows.size());
  plan.head_size = plan.head.serialise(plan.windows, 1).size();
  plan.file_size = plan.head_size + sizeof(uint64_t);
  for (size_t i = 0; i < windows.size(); ++i) {
    plan.windows[i].page = static_cast<uint32_t>((plan.file_size + window_alignment - 1) / window_alignment);
    plan.file_size = begin_of(plan.windows[i]) + windows[i].size;
  }
  return Expected<Plan>(std::move(plan));
}

/// Returns the window's digest.
Expected<uint64_t> write_window(const Sink& sink, const WindowPlan& window, uint64_t begin) {
  static constexpr unsigned char zeros[constant_alignment] = {};
  ConstantReader reader;
  Digest digest;
  uint64_t position = 0;
  for (const StoredConstant& stored : window.constants) {
    digest.update(zeros, static_cast<size_t>(stored.offset - position));
    position = stored.offset;
    reader.begin(stored.constant);
    for (auto piece = reader.next(); !piece.empty(); piece = reader.next()) {
      auto done = sink(begin + position, piece.data(), piece.size());
      if (!done) return done.error();
      digest.update(piece.data(), piece.size());
      position += piece.size();
    }
  }
  check(position == window.size, "a window is as long as planned");
  return digest.value();
}

/// The head comes last: it holds the digests of the weights, which are read once for both.
Expected<void> write_file(const Sink& sink, Plan& plan) {
  for (size_t i = 0; i < plan.windows.size(); ++i) {
    const auto digest = write_window(sink, plan.head.constants().windows()[i], begin_of(plan.windows[i]));
    if (!digest) return digest.error();
    plan.windows[i].digest = *digest;
  }
  std::vector<unsigned char> head = plan.head.serialise(plan.windows, plan.file_size);
  check(head.size() == plan.head_size, "the head's size does not depend on where the windows start");
  const auto view = View::parse({head.data(), head.size()}, plan.file_size);
  if (!view) check(false, "what was written can be read: " + view.error().message);
  const uint64_t value = digest(head.data(), head.size());
  for (int byte = 0; byte < 8; ++byte) head.push_back(static_cast<unsigned char>(value >> (8 * byte)));
  return sink(0, head.data(), head.size());
}

WriteSummary summary_of(const Plan& plan) {
  const ConstantStore& constants = plan.head.constants();
  WriteSummary summary;
  summary.file_size = plan.file_size;
  summary.head_size = plan.head_size + sizeof(uint64_t);
  summary.constant_bytes = constants.distinct_bytes();
  summary.shared_bytes = constants.shared_bytes();
  summary.constants = plan.head.constant_count();
  summary.windows = static_cast<uint32_t>(constants.windows().size());
  summary.operands = static_cast<uint32_t>(plan.head.operand_count());
  summary.operations = static_cast<uint32_t>(plan.head.operation_count());
  return summary;
}

}  // namespace

Expected<WriteSummary> write(const graph::Module& module, const WriteOptions& options, const std::string& path) {
  auto plan = make_plan(module, options);
  if (!plan) return plan.error();
  auto file = AtomicFile::create(path);
  if (!file) return file.error();
  const Sink sink = [&](uint64_t offset, const void* data, size_t size) { return file->write_at(offset, data, size); };
  auto done = write_file(sink, *plan);
  if (done) done = file->commit();
  if (!done) return done.error();
  return summary_of(*plan);
}

Expected<std::vector<unsigned char>> write(const graph::Module& module, const WriteOptions& options) {
  auto plan = make_plan(module, options);
  if (!plan) return plan.error();
  std::vector<unsigned char> bytes(plan->file_size);
  const Sink sink = [&](uint64_t offset, const void* data, size_t size) -> Expected<void> {
    std::memcpy(bytes.data() + offset, data, size);
    return {};
  };
  auto done = write_file(sink, *plan);
  if (!done) return done.error();
  return bytes;
}

graph::ElementType element_type(Dtype dtype) { return static_cast<graph::ElementType>(dtype); }
static_assert(static_cast<int>(graph::ElementType::bool8) == static_cast<int>(Dtype::bool8) &&
              static_cast<int>(graph::ElementType::qint32) == static_cast<int>(Dtype::qint32) &&
              static_cast<int>(graph::ElementType::other) == static_cast<int>(Dtype::qint32) + 1);

}  // namespace passerelle::blob
