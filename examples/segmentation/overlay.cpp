// Runs a segmentation model on a picture through Passerelle's loader, and writes the picture with the mask on it.
//
//     overlay MODEL.nnapi PICTURE.png OUT.png [NNAPI.so]
//
// The model takes one picture, float32, RGB in 0..1, of the size that it was converted for, and gives the probability
// of each pixel. Without NNAPI.so it is the system's library that runs it.

#include <png.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "passerelle/loader/passerelle.hpp"

namespace {

namespace loader = passerelle::loader;

struct Picture {
  uint32_t height = 0, width = 0;
  std::vector<uint8_t> pixels;  // height x width x RGB
};

/// What went wrong; empty where nothing did.
using Complaint = std::string;

Complaint read_picture(const char* path, Picture& picture) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  if (!png_image_begin_read_from_file(&image, path)) return std::string(path) + ": " + image.message;
  image.format = PNG_FORMAT_RGB;
  picture = {image.height, image.width, std::vector<uint8_t>(PNG_IMAGE_SIZE(image))};
  if (!png_image_finish_read(&image, nullptr, picture.pixels.data(), 0, nullptr))
    return std::string(path) + ": " + image.message;
  return {};
}

Complaint write_picture(const char* path, const Picture& picture) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.format = PNG_FORMAT_RGB;
  image.height = picture.height;
  image.width = picture.width;
  if (!png_image_write_to_file(&image, path, 0, picture.pixels.data(), 0, nullptr))
    return std::string(path) + ": " + image.message;
  return {};
}

/// Whether the caller's buffer is one picture with so many channels, of float32.
bool is_image(const passerelle_port_info& port, uint32_t channels) {
  return port.buffer_dtype == PASSERELLE_FLOAT32 && port.rank == 4 && port.shape[0] == 1 && port.shape[1] == channels;
}

/// The picture as the input wants it: channel by channel (NCHW), or pixel by pixel (NHWC).
std::vector<float> as_input(const Picture& picture, int32_t layout) {
  size_t size = picture.pixels.size(), plane = size / 3;
  std::vector<float> values(size);
  for (size_t i = 0; i < size; ++i) {
    size_t place = layout == PASSERELLE_LAYOUT_CHANNELS_LAST ? i : i % 3 * plane + i / 3;
    values[place] = picture.pixels[i] / 255.0f;
  }
  return values;
}

Complaint find_mask(const char* model_path, const char* nnapi_path, const Picture& picture, std::vector<float>& mask) {
  loader::Error error;
  loader::Model model = loader::Model::open(model_path, error);
  if (!model) return error.message();
  loader::Nnapi nnapi = loader::Nnapi::open(nnapi_path, error);
  if (!nnapi) return error.message();
  loader::Compilation compilation = loader::Compilation::make(model, nnapi, {}, error);
  if (!compilation) return error.message();

  std::vector<passerelle_port_info> inputs = model.inputs(), outputs = model.outputs();
  if (inputs.size() != 1 || outputs.size() != 1 || !is_image(inputs[0], 3) || !is_image(outputs[0], 1))
    return std::string(model_path) + " does not take one RGB picture and give one mask";
  const uint32_t* shape = inputs[0].shape;
  if (shape[2] != picture.height || shape[3] != picture.width || outputs[0].byte_size * 3 != inputs[0].byte_size)
    return std::string(model_path) + " is for pictures " + std::to_string(shape[3]) + " wide and " +
           std::to_string(shape[2]) + " high";

  std::vector<float> values = as_input(picture, inputs[0].layout);
  mask.resize(size_t{picture.height} * picture.width);
  if (!compilation.run({{values.data(), inputs[0].byte_size}}, {{mask.data(), outputs[0].byte_size}}, error))
    return error.message();
  return {};
}

/// What the model found keeps its colours and is outlined in white; all else is dimmed to grey.
void paint(Picture& picture, const std::vector<float>& mask) {
  auto found = [&](int64_t y, int64_t x) {
    y = std::clamp<int64_t>(y, 0, picture.height - 1);
    x = std::clamp<int64_t>(x, 0, picture.width - 1);
    return mask[y * picture.width + x] > 0.5f;
  };
  for (int64_t y = 0; y < picture.height; ++y) {
    for (int64_t x = 0; x < picture.width; ++x) {
      uint8_t* pixel = &picture.pixels[3 * (y * picture.width + x)];
      bool inside = found(y, x);
      bool edge = inside && !(found(y - 1, x) && found(y + 1, x) && found(y, x - 1) && found(y, x + 1));
      if (edge) std::fill_n(pixel, 3, uint8_t{255});
      if (!inside) std::fill_n(pixel, 3, static_cast<uint8_t>((pixel[0] + pixel[1] + pixel[2]) / 8));
    }
  }
}

Complaint run(const char* model, const char* input, const char* output, const char* nnapi) {
  Picture picture;
  std::vector<float> mask;
  if (Complaint complaint = read_picture(input, picture); !complaint.empty()) return complaint;
  if (Complaint complaint = find_mask(model, nnapi, picture, mask); !complaint.empty()) return complaint;
  paint(picture, mask);
  return write_picture(output, picture);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4 && argc != 5) {
    std::fputs("usage: overlay MODEL.nnapi PICTURE.png OUT.png [NNAPI.so]\n", stderr);
    return 2;
  }
  Complaint complaint = run(argv[1], argv[2], argv[3], argc == 5 ? argv[4] : nullptr);
  if (complaint.empty()) return 0;
  std::fprintf(stderr, "overlay: %s\n", complaint.c_str());
  return 1;
}
