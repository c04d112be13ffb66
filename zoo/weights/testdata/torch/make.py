#!/usr/bin/env python3
"""Writes the files beside it with PyTorch (1.13): small weights in each form that torch.save knows, and in
want.json what the reader must find in those that it reads."""
import collections, json, os
import torch
import torch.nn as nn

os.chdir(os.path.dirname(os.path.abspath(__file__)))
want = {}


def save(name, value, state, **options):
    torch.save(value, name, **options)
    want[name] = {
        k: [list(t.shape), t.double().flatten().tolist() if t.is_floating_point() else None] for k, t in state.items()
    }


class Net(nn.Module):
    def __init__(s):
        super().__init__()
        s.conv1 = nn.Conv2d(2, 3, 1, bias=False)
        s.bn1 = nn.BatchNorm2d(3)
        s.fc = nn.Linear(3, 2)


net = Net()
with torch.no_grad():
    n = 0
    for t in net.state_dict().values():
        t.copy_(torch.arange(n, n + t.numel()).reshape(t.shape) / 8 if t.is_floating_point() else torch.tensor(7))
        n += t.numel()
state = net.state_dict()

save("zip.pth", state, state)
save("zip-protocol4.pt", state, state, pickle_protocol=4)
save("old.pth", state, state, _use_new_zipfile_serialization=False)
save("old-protocol3.pth", state, state, _use_new_zipfile_serialization=False, pickle_protocol=3)
optimizer = torch.optim.SGD(net.parameters(), 0.1, momentum=0.9)
net.fc(torch.ones(1, 3)).sum().backward()
optimizer.step()
state = net.state_dict()
save("checkpoint.pth", {"epoch": 3, "arch": "net", "loss": 0.25,
                        "state_dict": collections.OrderedDict(("module." + k, t) for k, t in state.items()),
                        "optimizer": optimizer.state_dict(), "size": torch.Size([1, 2])}, state)
save("parameters.pth", dict(net.named_parameters()), dict(net.named_parameters()))
whole = torch.arange(24.0)
views = {
    "transposed": whole.reshape(4, 6).t(), "part": whole[5:9], "step": whole[1::5], "channels_last":
    whole.reshape(1, 2, 3, 4).contiguous(memory_format=torch.channels_last), "scalar": whole[23],
    "expanded": whole[:2].expand(3, 2), "empty": torch.empty(0, 3),
}
save("views.pth", views, views)
save("views-old.pth", views, views, _use_new_zipfile_serialization=False)
types = {str(d).split(".")[1]: torch.tensor([-2.0, 0.0, 1.5, 3.0]).to(d) for d in (
    torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.int8, torch.uint8, torch.int16, torch.int32, torch.int64, torch.bool)}
save("types.pth", types, types)
save("types-old.pth", types, types, _use_new_zipfile_serialization=False)

torch.save(net, "module.pth")
torch.jit.save(torch.jit.script(nn.Linear(1, 1)), "script.pt")
torch.save([torch.ones(1)], "list.pth")
with open("want.json", "w") as f:
    json.dump(want, f, separators=(",", ":"))
    f.write("\n")
