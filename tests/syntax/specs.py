"""Specs of seven kinds of flow, as an author would write them."""

SPLINE = """\
flow spline(features=43, transforms=5) {
    input vector(features)
    repeat transforms {
        autoregressive(spline(bins=8, bound=3), made(hidden=[256, 256]))
        reverse
    }
    prior gaussian
}
"""

GLOW = """\
# Glow (Kingma & Dhariwal 2018), 256 channels.
flow glow(levels=3, steps=32, width=256) {
    input image(3, 32, 32)
    dequantize(uniform)
    for level in 1..levels {
        squeeze(2)
        repeat steps { actnorm; conv1x1(lu); coupling(affine, estimator(width) >> zeroconv(3)) }
        if level < levels { split(half, prior=gaussian(zeroconv(3))) }
    }
    prior gaussian(zeroconv(3))  # a network fed with zeros
    expect parameters == 15_972_912  # printed: 15.973 M
}

net estimator(width) { conv(3, width); actnorm; relu; conv(1, width); actnorm; relu }
"""

NANOFLOW = """\
flow nanoflow(levels=3, K=32, width=256, d=1) {
    input image(3, 32, 32)
    dequantize(uniform)
    for level in 1..levels {
        squeeze(2)
        repeat K {
            actnorm; conv1x1(lu)
            coupling(affine, share(estimator, across=K, embed=concat+bias+gate) >> zeroconv(1))
            coupling(affine, share(estimator(width), across=K, size=d*2^(level-1)) >> zeroconv(1))
        }
        if level < levels { split(half) } else { reverse }
    }
    prior gaussian
}

net estimator(width) { repeat 6 { conv(3, width); actnorm; modulate; relu } }
"""

AUDIO = """\
flow nanoflow_audio(K=8, height=16, width=128, layers=8) {
    input audio(rate=22050)
    context mel(bands=80, hop=256) >> upsample(16, 16) as mel
    fold(height)
    repeat K {
        reverse(rows)
        autoregressive(affine, share(wavenet(width, layers), across=K, embed=bias+gate, size=512) >> head, over=rows)
    }
    prior gaussian
}
"""

DENSEFLOW = """\
use "lib/glow.flow"

flow denseflow_74_10 {
    input image(3, 32, 32)
    dequantize(variational(steps=4))
    squeeze(2)
    block(units=6, modules=5, growth=10); squeeze(2); split(half)
    block(units=4, modules=6, growth=10); squeeze(2); split(half)
    block(units=1, modules=20, growth=10)
    prior gaussian(learned)
    expect modules == 74
    expect parameters == 130_647_294
}

def block(units, modules, growth) {
    tap past[]  # z_0
    for unit in 1..units {
        repeat modules { glow_module }
        if unit < units {
            tap past[]
            augment(growth, given=past[:-1])
        }
    }
}
"""

BNAF = """\
flow bnaf(d=2, flows=1, hidden=50, layers=3) {
    input vector(d)
    for i in 1..flows {
        block_autoregressive(hidden=hidden*d, layers=layers, activation=tanh, residual=gated)
        if i < flows { reverse }
    }
    prior gaussian
}
"""

VAE = """\
flow vae_glow(latent=64, depth=32) {
    input image(3, 32, 32)
    dequantize(uniform)
    tap x
    part pixel_flow { repeat depth { actnorm; conv1x1; coupling(additive, cnn(128), split=1) } }
    part vae { encode(gaussian(resnet_encoder(latent)), decoder=gaussian(resnet_decoder), given=x) }
    part prior_flow { repeat 16 { coupling(affine, mlp([1024, 1024])); swap } }
    prior gaussian

    train(optimizer=adam(lr=1e-4), schedule=halve(every=250), epochs=1000) {
        phase base { bypass pixel_flow }
        phase decoder { freeze vae, prior_flow }
    }
    sample(temperature=[vae: 0.5])
}
"""

WIRES = """\
flow wires(d=4) {
    input vector(d)
    context classes(10)
    let half = d//2
    inverse { actnorm }
    split(half) as (a, b)
    on b { affine(mlp([8]), given=a) }
    merge(a, b)
    residual { linear(8); parallel { linear(2); linear(2) } }
    if d == 4 and not half > 2 { reverse } else if d%2 != 0 { swap } else { swap; swap }
    expect shape == [12, 16, 16] or true
    prior gaussian(scale=-d^2)
    data(name="toy", noise=0.5)
    train(epochs=10) { phase one(epochs=5) { freeze a } }
    evaluate(samples=1_000)
}
"""

SPECS = {
    "spline": SPLINE,
    "glow": GLOW,
    "nanoflow": NANOFLOW,
    "audio": AUDIO,
    "denseflow": DENSEFLOW,
    "bnaf": BNAF,
    "vae": VAE,
    "wires": WIRES,
}
