#include "passerelle/calibration/samples.h"

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "passerelle/verify/border.h"
#include "pictures.h"

namespace passerelle::calibration {
namespace {

namespace fs = std::filesystem;
using graph::HostTensor;
using graph::Port;
using graph::Shape;

Error usage(const std::string& path, const std::string& what) { return {ErrorKind::usage, path + ": " + what}; }

std::string described(const HostTensor& tensor) {
  return std::string(graph::name(tensor.type)) + " " + graph::to_string(tensor.shape);
}

/// The dtype with which samples come: an input that is to be quantized takes floats.
graph::ElementType sample_type(const Port& input) {
  return graph::is_quantized(input.element_type) ? graph::ElementType::float32 : input.element_type;
}

Shape with_one_in_front(Shape shape) {
  shape.insert(shape.begin(), 1);
  return shape;
}

/// As the input wants it: a batch of 1 may be left out.
Expected<HostTensor> fitting(HostTensor tensor, const Port& input, const std::string& path) {
  if (with_one_in_front(tensor.shape) == input.shape) tensor.shape = input.shape;
  if (tensor.shape != input.shape || tensor.type != sample_type(input))
    return usage(path, "it is " + described(tensor) + ", and the input '" + input.name + "' takes " +
                           std::string(graph::name(sample_type(input))) + " " + graph::to_string(input.shape));
  return tensor;
}

Expected<HostTensor> read_fitting(const std::string& path, const Port& input) {
  Expected<HostTensor> tensor = graph::read_npy(path);
  return tensor ? fitting(*std::move(tensor), input, path) : tensor;
}

/// By name, as a person sorts them: no dot files.
std::vector<fs::path> entries_of(const std::string& folder, std::error_code& error) {
  std::vector<fs::path> result;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error))
    if (entry->path().filename().string().front() != '.') result.push_back(entry->path());
  std::sort(result.begin(), result.end());
  return result;
}

/// One of the tensors that lie one behind the other in a file.
HostTensor slice(const HostTensor& stack, size_t index, const Port& input) {
  HostTensor result;
  result.type = stack.type;
  result.shape = input.shape;
  const size_t size = stack.bytes.size() / stack.shape.front();
  const auto begin = stack.bytes.begin() + static_cast<std::ptrdiff_t>(index * size);
  result.bytes.assign(begin, begin + static_cast<std::ptrdiff_t>(size));
  return result;
}

bool is_stack_for(const HostTensor& tensor, const Port& input) {
  if (tensor.shape.empty() || tensor.type != sample_type(input)) return false;
  const Shape each(tensor.shape.begin() + 1, tensor.shape.end());
  return each == input.shape || with_one_in_front(each) == input.shape;
}

}  // namespace

Expected<Samples> Samples::open(const std::string& path, const std::vector<Port>& inputs, const ImageOptions& images,
                                std::optional<size_t> most) {
  Samples result;
  std::error_code error;
  const auto single_input = [&](const std::string& what) -> Expected<void> {
    if (inputs.size() == 1) return {};
    return usage(path, what + " is a sample of a model with one input, and this one has " +
                           std::to_string(inputs.size()) +
                           ": give a folder a sample, with a file INPUT_NAME.npy in it for each");
  };
  const auto add_stack = [&](HostTensor tensor, const std::string& file) {
    const auto stack = std::make_shared<HostTensor>(std::move(tensor));
    for (uint32_t i = 0; i < stack->shape.front(); ++i)
      result.sources_.push_back({file + "[" + std::to_string(i) + "]",
                                 [stack, i, input = inputs.front()] { return Sample{slice(*stack, i, input)}; }});
  };

  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) return Error{ErrorKind::unreadable, path + ": no such file or folder"};
  if (!fs::is_directory(status)) {
    if (Expected<void> single = single_input("a .npy file"); !single) return single.error();
    Expected<HostTensor> tensor = graph::read_npy(path);
    if (!tensor) return tensor.error();
    if (!is_stack_for(*tensor, inputs.front()))
      return usage(path, "it is " + described(*tensor) + "; as a file of samples for the input '" +
                             inputs.front().name + "' it would be " +
                             std::string(graph::name(sample_type(inputs.front()))) + " of N samples of " +
                             graph::to_string(inputs.front().shape));
    add_stack(*std::move(tensor), path);
  } else {
    for (const fs::path& entry : entries_of(path, error)) {
      const std::string file = entry.string();
      if (fs::is_directory(entry, error)) {
        result.sources_.push_back({file, [file, inputs]() -> Expected<Sample> {
                                     Sample sample;
                                     for (const Port& input : inputs) {
                                       Expected<HostTensor> tensor =
                                           read_fitting(file + "/" + input.name + ".npy", input);
                                       if (!tensor) return tensor.error();
                                       sample.push_back(*std::move(tensor));
                                     }
                                     return sample;
                                   }});
      } else if (entry.extension() == ".npy") {
        if (Expected<void> single = single_input(entry.filename().string()); !single) return single.error();
        result.sources_.push_back({file, [file, input = inputs.front()]() -> Expected<Sample> {
                                     Expected<HostTensor> tensor = read_fitting(file, input);
                                     if (!tensor) return tensor.error();
                                     return Sample{*std::move(tensor)};
                                   }});
      } else if (is_picture(file)) {
        if (Expected<void> single = single_input(entry.filename().string()); !single) return single.error();
        result.sources_.push_back({file, [file, input = inputs.front(), images]() -> Expected<Sample> {
                                     Expected<HostTensor> tensor = read_picture(file, input, images);
                                     if (!tensor) return tensor.error();
                                     return Sample{*std::move(tensor)};
                                   }});
      }
    }
    if (error) return Error{ErrorKind::unreadable, path + ": " + error.message()};
  }
  if (result.sources_.empty())
    return usage(path,
                 "it holds no samples: .npy files, pictures (.png, .jpg), or a folder a sample with "
                 "INPUT_NAME.npy in it");
  return most ? result.some(*most) : result;
}

Samples Samples::some(size_t most) const {
  if (most >= sources_.size()) return *this;
  Samples spread;
  for (size_t i = 0; i < most; ++i) spread.sources_.push_back(sources_[i * sources_.size() / most]);
  return spread;
}

Expected<Sample> Samples::read(size_t index) const { return sources_[index].read(); }

}  // namespace passerelle::calibration
