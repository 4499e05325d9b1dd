#include "passerelle/blob/write.h"

#include <functional>

#include "head.h"
#include "passerelle/support/atomic_file.h"
#include "passerelle/support/check.h"

namespace passerelle::blob {
namespace {

using Sink = std::function<Expected<void>(const void* data, size_t size)>;

/// Everything that is known before the first weight is written.
struct Plan {
  Head head;
  std::vector<unsigned char> head_bytes;  // with their digest
  std::vector<uint32_t> window_pages;
  uint64_t file_size;
};

uint32_t pages(uint64_t size) { return static_cast<uint32_t>((size + window_alignment - 1) / window_alignment); }

void append_digest(std::vector<unsigned char>& head) {
  const uint64_t value = digest(head.data(), head.size());
  for (int byte = 0; byte < 8; ++byte) head.push_back(static_cast<unsigned char>(value >> (8 * byte)));
}

Expected<Plan> make_plan(const graph::Graph& graph, const WriteOptions& options) {
  auto made = Head::make(graph, options);
  if (!made) return made.error();
  Plan plan{std::move(*made), {}, {}, 0};
  const std::vector<WindowPlan>& windows = plan.head.constants().windows();
  // The head's size depends on how many windows there are, not on where they start.
  plan.window_pages.resize(windows.size());
  const size_t head_size = plan.head.serialise(plan.window_pages, 1).size();
  plan.file_size = head_size + sizeof(uint64_t);
  for (size_t i = 0; i < windows.size(); ++i) {
    plan.window_pages[i] = pages(plan.file_size);
    plan.file_size = uint64_t{plan.window_pages[i]} * window_alignment + windows[i].size;
  }
  plan.head_bytes = plan.head.serialise(plan.window_pages, plan.file_size);
  check(plan.head_bytes.size() == head_size, "the head's size does not depend on where the windows start");
  const auto view = View::parse({plan.head_bytes.data(), head_size}, plan.file_size);
  if (!view) check(false, "what was written can be read: " + view.error().message);
  append_digest(plan.head_bytes);
  return Expected<Plan>(std::move(plan));
}

Expected<void> write_zeros(const Sink& sink, uint64_t size) {
  static constexpr unsigned char zeros[window_alignment] = {};
  check(size <= sizeof zeros, "padding is shorter than a page");
  return size > 0 ? sink(zeros, static_cast<size_t>(size)) : Expected<void>();
}

Expected<void> write_window(const Sink& sink, const WindowPlan& window) {
  ConstantBytes bytes;
  uint64_t position = 0;
  for (const StoredConstant& stored : window.constants) {
    auto done = write_zeros(sink, stored.offset - position);
    if (!done) return done;
    const Span<const unsigned char> content = bytes.of(stored.constant);
    done = sink(content.data(), content.size());
    if (!done) return done;
    position = stored.offset + content.size();
  }
  return {};
}

Expected<void> write_file(const Sink& sink, const Plan& plan) {
  auto done = sink(plan.head_bytes.data(), plan.head_bytes.size());
  uint64_t position = plan.head_bytes.size();
  for (size_t i = 0; done && i < plan.window_pages.size(); ++i) {
    const WindowPlan& window = plan.head.constants().windows()[i];
    const uint64_t begin = uint64_t{plan.window_pages[i]} * window_alignment;
    done = write_zeros(sink, begin - position);
    if (done) done = write_window(sink, window);
    position = begin + window.size;
  }
  return done;
}

WriteSummary summary_of(const Plan& plan) {
  const ConstantStore& constants = plan.head.constants();
  WriteSummary summary;
  summary.file_size = plan.file_size;
  summary.head_size = plan.head_bytes.size();
  summary.constant_bytes = constants.distinct_bytes();
  summary.shared_bytes = constants.shared_bytes();
  summary.constants = plan.head.constant_count();
  summary.windows = static_cast<uint32_t>(constants.windows().size());
  summary.operands = static_cast<uint32_t>(plan.head.operand_count());
  summary.operations = static_cast<uint32_t>(plan.head.operation_count());
  return summary;
}

}  // namespace

Expected<WriteSummary> write(const graph::Graph& graph, const WriteOptions& options, const std::string& path) {
  const auto plan = make_plan(graph, options);
  if (!plan) return plan.error();
  auto file = AtomicFile::create(path);
  if (!file) return file.error();
  auto done = write_file([&](const void* data, size_t size) { return file->write(data, size); }, *plan);
  if (done) done = file->commit();
  if (!done) return done.error();
  return summary_of(*plan);
}

Expected<std::vector<unsigned char>> write(const graph::Graph& graph, const WriteOptions& options) {
  const auto plan = make_plan(graph, options);
  if (!plan) return plan.error();
  std::vector<unsigned char> bytes;
  bytes.reserve(plan->file_size);
  const Sink sink = [&](const void* data, size_t size) -> Expected<void> {
    const unsigned char* begin = static_cast<const unsigned char*>(data);
    bytes.insert(bytes.end(), begin, begin + size);
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
